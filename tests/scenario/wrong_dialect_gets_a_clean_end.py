"""A client that speaks the wrong language, clear text where TLS is due, TLS where clear text is due, garbage, old versions,
half records, gets an end, the log a line, and everybody else their mail."""

import socket
import ssl
import time

from lib import ALICE, check, check_equal, wait_until
from support.certificates import HOST, openssl
from support.people import client_context

ROLES = ["mx", "submission", "submissions"]


def hello(**versions):
    """A client hello as octets."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in versions.items():
        setattr(context, name, value)
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=HOST).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def answered(server, role, octets, seconds=15):
    """What the server says to these octets until it closes; fails when it does not close."""
    with socket.create_connection(server.address(ROLES.index(role)), timeout=seconds * server.patience) as s:
        heard = b""
        try:
            s.sendall(octets)
            while more := s.recv(65536):
                heard += more
        except (ConnectionResetError, BrokenPipeError):
            pass
        return heard


def failures(server):
    return len([e for e in server.events("tls") if e.get("result") == "failed"])


def serves(server):
    for role in ("submission", "submissions"):
        with server.session(role, who=ALICE) as client:
            client.command("NOOP", 250)


def test_clear_text_at_the_tls_port(ctx):
    server = ctx.secure_server()
    for text in (b"EHLO client.example.net\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n" * 50, b"QUIT\r\n"):
        before = failures(server)
        heard = answered(server, "submissions", text)
        check(not heard or heard[:1] == b"\x15" or heard.startswith((b"421 ", b"421-", b"554 ")),
              f"{text!r} was answered {heard!r}: neither an alert nor words nor nothing")
        wait_until(lambda: failures(server) == before + 1, 10 * ctx.patience, f"one tls event for {text!r}\n{server.tail()}")
    serves(server)


def test_tls_at_the_clear_text_ports(ctx):
    server = ctx.secure_server(config={"limits": {"command_timeout": "1s"}})
    for role in ("mx", "submission"):
        heard = answered(server, role, hello())
        check(heard.startswith(b"220 "), f"no greeting: {heard!r}")
        check(b"\x16\x03" not in heard, f"a handshake was answered at {role}: {heard!r}")
        server.wait_event("disconnect")
    serves(server)


def test_garbage_and_half_records(ctx):
    server = ctx.secure_server(config={"limits": {"tls_handshake_timeout": "1s"}})
    whole = hello()
    pieces = [b"\x16\x03\x01\xff\xff" + b"\0" * 70000, bytes(range(256)) * 8, b"\x80\x2e\x01\x03\x01" + b"\0" * 60,
              b"\x16\x03\x01\x00\x00" * 100, b"\x15\x03\x03\x00\x02\x02\x28", whole[:5], whole[:len(whole) // 2],
              whole[:43] + bytes(len(whole) - 43), b"\x17\x03\x03\x00\x10" + b"x" * 16, whole + b"\x17\x03\x03\x40\x00" + b"y" * 64]
    for octets in pieces:
        before, begin = failures(server), time.monotonic()
        answered(server, "submissions", octets)
        check(time.monotonic() - begin < 8 * ctx.patience, f"{octets[:20]!r} kept the session {time.monotonic() - begin:.1f} s")
        wait_until(lambda: failures(server) == before + 1, 5 * ctx.patience,
                   f"one failed tls event for {octets[:20]!r}\n{server.tail()}")
    serves(server)


def test_a_silent_client_is_timed_out_in_the_handshake(ctx):
    server = ctx.secure_server(config={"limits": {"tls_handshake_timeout": "1s"}})
    begin = time.monotonic()
    answered(server, "submissions", b"")
    check(0.9 < time.monotonic() - begin < 4 * ctx.patience, f"the end came after {time.monotonic() - begin:.1f} s")
    event = server.wait_event("tls", result="failed")
    check("time" in event.get("reason", "").lower(), f"the log does not say why: {event}")


def test_a_truncated_session_takes_no_message(ctx):
    server = ctx.secure_server()
    client = server.session(who=ALICE)
    client.command(f"MAIL FROM:<{ALICE.address}>", 250)
    client.command("RCPT TO:<box@example.test>", 250)
    client.command("DATA", 354)
    client.write(f"From: {ALICE.address}\r\n\r\nhalf a mess".encode())
    client.close()  # no close_notify: somebody cut the line
    wait_until(lambda: server.metrics().get("ringpost_sessions", 0) == 0, 10 * ctx.patience, "the session is gone")
    check_equal(server.events("accept"), [], "messages taken")
    serves(server)


def test_old_versions_are_refused_and_new_ones_spoken(ctx):
    server = ctx.secure_server()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client_context(minimum_version=version, maximum_version=version)
        with server.session("submissions", context=context) as client:
            check_equal(client.socket.version(), {771: "TLSv1.2", 772: "TLSv1.3"}[version], "version spoken")
    for flag in ("-tls1", "-tls1_1"):
        host, port = server.address(2)
        try:
            said = openssl("s_client", flag, "-cipher", "ALL:@SECLEVEL=0", "-connect", f"{host}:{port}", "-servername", HOST)
        except AssertionError as refused:
            check("alert" in str(refused) or "handshake" in str(refused), f"{flag}: {refused}")
        else:
            check(False, f"{flag} was spoken: {said}")
    strict = ctx.secure_server(config={"tls": {"min_version": "1.3"}}, name="strict")
    try:
        strict.session("submissions", context=client_context(maximum_version=ssl.TLSVersion.TLSv1_2))
    except AssertionError as refused:
        check("TLS" in str(refused), f"TLS 1.2 where 1.3 is asked for: {refused}")
    else:
        check(False, "TLS 1.2 was spoken where 1.3 is asked for")
