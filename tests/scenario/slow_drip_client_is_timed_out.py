"""A client that sends an octet now and then, or stops in DATA, loses its session; others notice nothing."""

import time

from lib import Failure, check, check_equal


def test_slow_drip_client_is_timed_out(ctx):
    server = ctx.server(config={"limits": {"command_timeout": "1s", "data_timeout": "1s"}})
    with server.client() as client:
        client.greet()
        begin = time.monotonic()
        try:
            for octet in b"MAIL FROM:<an-address-that-is-never-finished@example.net>":
                client.write(bytes([octet]))
                time.sleep(0.25)
                check(time.monotonic() - begin < 6 * ctx.patience, "an octet now and then kept the session open")
                if server.events("disconnect"):
                    break
        except OSError:
            pass
        with_reply(client, begin)
    server.send("others@example.test")
    server.wait_mail("others")


def test_client_that_stops_in_data_is_timed_out(ctx):
    server = ctx.server(config={"limits": {"command_timeout": "30s", "data_timeout": "1s"}})
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<a@example.net>", 250)
        client.command("RCPT TO:<never@example.test>", 250)
        client.command("DATA", 354)
        client.write(b"Subject: begun\r\n\r\nhalf a")
        with_reply(client, time.monotonic())
    check_equal(server.maildir("example.test", "never"), [], "mail of a client that did not finish")


def with_reply(client, begin):
    """421 and the end of the connection."""
    try:
        check_equal(client.reply().code, 421, "reply to a client that is too slow")
        check(client.at_end(), "the session stays open after 421")
    except Failure as failure:
        if "connection closed" not in str(failure):
            raise
        raise Failure("closed without a 421") from None
    check(time.monotonic() - begin < 10, "it took far longer than the time-out")
