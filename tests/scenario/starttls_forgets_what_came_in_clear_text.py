"""Whoever sits on the wire before TLS begins can change nothing behind it: commands glued to STARTTLS are never executed,
what was said before is forgotten, and nothing is offered twice (RFC 3207 4.2 and 6)."""

import ssl

from lib import ALICE, BOB, Closed, Failure, check, check_equal
from support.certificates import HOST
from support.people import client_context

INJECTED = [b"RSET\r\n", b"MAIL FROM:<a@example.net>\r\n", b"EHLO evil.example\r\nMAIL FROM:<a@example.net>\r\n", b"NOOP",
            b"\0\0\0\0", b"QUIT\r\n"]


def test_commands_behind_starttls_are_not_executed(ctx):
    server = ctx.secure_server()
    for role in ("mx", "submission"):
        for more in INJECTED:
            with server.client(["mx", "submission"].index(role)) as client:
                client.greet()
                client.write(b"STARTTLS\r\n" + more)
                reply = client.reply()
                if reply.code == 220:  # then they must be gone
                    outcome = handshake_or_end(client)
                    if outcome == "ended":
                        continue
                    check_equal(client.command("NOOP").code, 250, f"reply to the first command behind TLS after {more!r}")
                    check(client.unread == b"", f"{more!r} was answered behind TLS: {client.unread!r}")
                else:
                    check(500 <= reply.code <= 599, f"STARTTLS with {more!r} behind it was answered {reply!r}")
                    check_equal(client.command("NOOP").code, 250, "reply to the next command in clear text")
    check_equal(server.events("accept"), [], "messages taken")


def handshake_or_end(client):
    try:
        client.secure(client_context(), HOST)
    except (Failure, ssl.SSLError):
        return "ended"
    return "secure"


def test_the_same_in_one_segment_with_the_client_hello(ctx):
    server = ctx.secure_server()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname=HOST)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with server.client(1) as client:
        client.greet()
        client.write(b"STARTTLS\r\n" + outgoing.read())  # a client that does not wait for 220 has no session at all
        reply = client.reply()
        check(reply.code >= 500, f"STARTTLS with a handshake behind it was answered {reply!r}")


def test_what_was_said_before_is_forgotten(ctx):
    server = ctx.secure_server()
    with server.client(1) as client:
        client.greet("before.example.net")
        check_equal(client.mechanisms(), [], "mechanisms before TLS")
        client.command("STARTTLS", 220)
        client.secure(client_context(), HOST)
        check_equal(client.command("AUTH PLAIN AGEAYg==").code, 503, "AUTH without a new EHLO")
        check_equal(client.command("MAIL FROM:<alice@example.test>").code // 100, 5, "class of MAIL without a new EHLO")
        client.hello("behind.example.net")
        check(client.mechanisms(), "no mechanisms behind TLS")
        check("STARTTLS" not in client.extensions, "STARTTLS is offered again")
        client.command("STARTTLS", 503)
        client.auth_plain(ALICE.login, ALICE.password)
        client.send(ALICE.address, "box@example.test", f"From: {ALICE.address}\r\nSubject: x\r\n\r\n")
    [mail] = server.wait_mail("box")
    check(b"behind.example.net" in mail and b"before.example.net" not in mail, f"Received knows the old name: {mail[:300]!r}")


def test_a_password_in_clear_text_is_not_even_asked_for(ctx):
    server = ctx.secure_server()
    with server.client(1) as client:
        client.greet()
        reply = client.auth_plain(BOB.login, BOB.password, expect=None)
        check(reply.code in (530, 538), f"AUTH before TLS was answered {reply!r}")
        check_equal(client.command("MAIL FROM:<bob@example.test>").code, 530, "MAIL before TLS")
    check_equal(server.logins(result=None), [], "auth events")


def test_a_client_that_vanishes_in_the_handshake_leaves_nothing(ctx):
    server = ctx.secure_server()
    for role in (1, 1, 2, 2):
        client = server.client(role)
        if role == 1:
            client.greet()
            client.command("STARTTLS", 220)
        client.write(b"\x16\x03\x01\x02\x00\x01")
        client.abort()
    server.wait_event("tls", result="failed")
    try:
        with server.session(who=ALICE) as client:
            client.command("NOOP", 250)
    except Closed:
        raise Failure(f"the server does not serve any more\n{server.tail()}") from None
