"""SIGTERM: no new session, the message under way is taken, idle sessions hear 421, and the process ends with 0."""

import signal
import socket
import time

from lib import Failure, check, queue_id, wait_until


def refused(server):
    """Whether a new client finds nobody, or a 421."""
    try:
        with server.client(timeout=5) as client:
            return client.reply().code == 421
    except (OSError, Failure):
        return True


def test_graceful_stop_on_sigterm_finishes_the_transaction(ctx):
    server = ctx.server()
    idle, busy = server.client(), server.client()
    idle.greet()
    busy.greet()
    busy.command("MAIL FROM:<a@example.net>", 250)
    busy.command("RCPT TO:<kept@example.test>", 250)
    busy.command("DATA", 354)
    busy.write(b"Subject: in the middle\r\n\r\nfirst half\r\n")
    time.sleep(0.2)
    server.signal(signal.SIGTERM)
    wait_until(lambda: refused(server), 10 * ctx.patience, "new sessions are refused")
    check(idle.reply().code == 421 and idle.at_end(), "an idle session is not told 421")
    check(server.process.poll() is None, "the server did not wait for the message under way")
    busy.write(b"second half\r\n.\r\n")
    taken = queue_id(busy.expect(250, "final dot"))
    code = server.process.wait(30 * ctx.patience)
    check(code == 0, f"the server ended with {code}\n{server.tail()}")
    check(any(e["message"] == taken for e in server.events("accept")), "the message is not in the log")
    server.process = None
    idle.close(), busy.close()
    server.start()
    server.wait_mail("kept")


def test_second_server_on_the_same_folder_is_refused(ctx):
    server = ctx.server()
    said = server.cli("serve", expect=75) + server.cli_error  # 75: could not start (docs/operations.md)
    check(f"held by pid {server.pid}" in said, f"the refusal does not say why: {said}")
    with socket.create_connection(server.address(), 5) as s:
        check(s.recv(3) == b"220", "the first server was disturbed")
