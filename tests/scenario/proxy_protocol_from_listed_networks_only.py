"""Behind a load balancer the client is whom the PROXY header names; from anybody else the header is just a bad command."""

import socket
import struct

from _peers import nobody_listens, relaying
from lib import Closed, Failure, check, check_equal

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def behind_balancer(ctx):
    """127.0.0.3 is the balancer; only 192.0.2.7 may relay."""
    return ctx.server(config=relaying(nobody_listens()) | {
        "listener": [{"address": "127.0.0.1:0", "role": "mx", "proxy_protocol_from": ["127.0.0.3/32"]}],
        "relay": {"trusted_networks": ["192.0.2.7/32"]}})


def v2(source, command=1):
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 40000, 25)
    return V2 + bytes([0x20 | command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


def answer_to_relaying(client):
    client.greet()
    client.command("MAIL FROM:<a@example.net>", 250)
    return client.command("RCPT TO:<victim@foreign.example>").code


def test_listed_balancer_names_the_client(ctx):
    server = behind_balancer(ctx)
    for header, code in ((b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n", 250), (v2("192.0.2.7"), 250),
                         (b"PROXY TCP4 192.0.2.8 127.0.0.1 40000 25\r\n", 550), (v2("192.0.2.8"), 550),
                         (b"PROXY UNKNOWN\r\n", 550), (v2("192.0.2.7", command=0), 550)):
        with server.client(source="127.0.0.3") as client:
            client.write(header)
            check_equal(answer_to_relaying(client), code, f"relaying behind {header!r}")


def test_client_named_by_the_balancer_stands_in_received(ctx):
    server = behind_balancer(ctx)
    with server.client(source="127.0.0.3") as client:
        client.write(b"PROXY TCP4 192.0.2.9 127.0.0.1 40000 25\r\n")
        client.greet()
        client.send("a@example.net", "box@example.test", b"Subject: x\r\n\r\n")
    [mail] = server.wait_mail("box")
    check(b"[192.0.2.9]" in mail and b"127.0.0.3" not in mail, f"Received names the wrong client: {mail!r}")


def test_header_of_a_stranger_is_not_believed(ctx):
    server = behind_balancer(ctx)
    with server.client(source="127.0.0.2") as client:
        client.write(b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\r\n")
        client.expect(220, "connect")
        client.expect(50, "PROXY from a stranger")
        client.command("EHLO x.example.net", 250)
        client.command("MAIL FROM:<a@example.net>", 250)
        client.command("RCPT TO:<victim@foreign.example>", 550)


def test_balancer_without_a_header_is_not_served(ctx):
    server = behind_balancer(ctx)
    for begin in (b"EHLO x.example.net\r\n", b"PROXY TCP4 not.an.address 127.0.0.1 1 2\r\n", V2 + b"\x21\x11\xff\xff"[:2]):
        with server.client(source="127.0.0.3", timeout=5) as client:
            client.write(begin)
            client.socket.shutdown(socket.SHUT_WR)
            try:
                code = client.reply().code
            except (Closed, ConnectionError):
                continue
            except Failure:
                raise Failure(f"neither an answer nor an end after {begin!r}") from None
            check(code != 220, f"served although the connection began with {begin!r}")
