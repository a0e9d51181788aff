"""Clients that go away in the middle of a message leave no message, no octets in the spool and no session behind."""

from _peers import live_octets, queued
from lib import check_equal, wait_until


def started(client, verb="DATA"):
    client.greet()
    client.command("MAIL FROM:<a@example.net>", 250)
    client.command("RCPT TO:<nothing@example.test>", 250)
    if verb == "DATA":
        client.command("DATA", 354)


def test_client_vanishing_in_data_leaves_nothing(ctx):
    server = ctx.server()
    pieces = [b"", b"Sub", b"Subject: x\r\n\r\nhalf a line", b"Subject: x\r\n\r\nall of it\r\n", b"Subject: x\r\n\r\n.",
              b"Subject: x\r\n\r\n\r\n.\r", b"Subject: x\r\n\r\n" + b"many lines\r\n" * 400_000]
    for end in ("close", "abort"):
        for piece in pieces:
            client = server.client()
            started(client)
            client.write(piece)
            getattr(client, end)()
        client = server.client()
        started(client, "BDAT")
        client.write(b"BDAT 5000000 LAST\r\n" + b"x" * 3_000_000)
        getattr(client, end)()
    wait_until(lambda: server.metrics().get("ringpost_sessions") == 0, 10 * ctx.patience, "all sessions are gone")
    check_equal(queued(server), 0, "queued messages")
    wait_until(lambda: live_octets(server) == 0, 10 * ctx.patience, "no octets live in the spool")
    check_equal(server.maildir("example.test", "nothing"), [], "delivered mail")
    server.send("nothing@example.test")
    server.wait_mail("nothing", 1)
