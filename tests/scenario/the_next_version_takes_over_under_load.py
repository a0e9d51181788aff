"""`ringpost serve --take-over`: the new process gets the listening sockets of the one that serves, then its queue. Under
load no connection is refused, nobody is accepted for less than a second, and every 250 is kept."""

import sys
import threading
import time

from lib import Client, Closed, Failure, check, check_equal, wait_until
from support.server import Server


def successor_of(ctx, server, name="successor", **changes):
    return ctx.keep(Server(ctx.folder / name, ctx.preset, {**server.config, **changes}, arguments=["--take-over"]))


class Load:
    """Clients that send message after message, each on a connection of its own."""

    def __init__(self, address, clients=8):
        self.address = address
        self.taken, self.refused, self.failures, self.longest = [], [], [], 0.0
        self.ending = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        sent = 0
        while not self.ending:
            sent += 1
            began = time.monotonic()
            recipient = f"c{number}-{sent}@example.test"
            try:
                with Client(*self.address, timeout=20) as client:
                    client.greet()
                    client.send("a@example.net", recipient, f"Subject: {recipient}\r\n\r\n" + "some text to keep\r\n" * 100)
                    client.command("QUIT", 221)
                with self.lock:
                    self.taken.append(recipient)
            except OSError as error:  # refused or reset before a word was said
                with self.lock:
                    self.refused.append(repr(error))
            except (Closed, Failure) as failure:
                with self.lock:
                    self.failures.append(str(failure))
                    if "421" not in str(failure) and "connection closed" not in str(failure):
                        self.refused.append(str(failure))
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join(30)


def test_no_connection_is_refused_and_every_250_is_kept(ctx):
    server = ctx.server()
    load = Load(server.address())
    wait_until(lambda: len(load.taken) > 50, 20 * ctx.patience, f"mail before ({load.refused[:3]}, {load.failures[:3]})")
    successor = successor_of(ctx, server)
    successor.start()
    before = len(load.taken)
    wait_until(lambda: len(load.taken) > before + 50, 20 * ctx.patience, "mail afterwards")
    load.end()
    code = server.process.wait(10 * ctx.patience)
    check(code == 0, f"the predecessor ended with {code}\n{server.tail()}")
    server.process = None
    check_equal(load.refused, [], "refused connections")
    pause = successor.wait_event("start", operation="take-over")["duration"]
    check(pause < 1.0 * ctx.patience, f"nobody was accepted for {pause} s")
    check(load.longest < 2.0 * ctx.patience, f"one client waited {load.longest:.1f} s")
    where = server.folder / "mail" / "example.test"
    missing = lambda: [r for r in load.taken if not list((where / r.partition("@")[0] / "new").glob("*"))]
    wait_until(lambda: not missing(), 20 * ctx.patience, "every message that got its 250 is delivered")
    extra = [box.name for box in where.iterdir() if len(list((box / "new").iterdir())) > 1]
    check_equal(extra, [], "mailboxes with a message twice")


def test_a_successor_that_cannot_serve_changes_nothing(ctx):
    server = ctx.server()
    broken = successor_of(ctx, server, tls={"certificates": [{"certificate": "none.pem", "key": "none.pem"}]})
    broken.start(ready=False)
    check_equal(broken.process.wait(20 * ctx.patience), 78, "exit status of the successor")
    broken.process = None
    server.wait_event("warning", operation="hand-over")
    with server.client() as client:
        client.greet()
        client.send("a@example.net", "still@example.test", "Subject: here\r\n\r\n")
    server.wait_mail("still")
    fine = successor_of(ctx, server, name="fine", workers=1)  # and with fewer workers than sockets
    fine.start()
    check_equal(server.process.wait(20 * ctx.patience), 0, "exit status of the predecessor")
    server.process = None
    for number in range(8):
        with fine.client() as client:
            client.greet()
            client.send("a@example.net", f"n{number}@example.test", "Subject: new\r\n\r\n")
    with fine.client() as client:
        client.greet()
    fine.cli("queue", "summary")


def test_without_a_predecessor_it_just_starts(ctx):
    server = ctx.server(arguments=["--take-over"])
    with server.client() as client:
        client.greet()


ACTIVATION = """
import os, socket, sys
listening = socket.socket()
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind(("127.0.0.1", int(sys.argv[1])))
listening.listen(100)
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def test_sockets_of_the_service_manager_are_used(ctx):
    from support.base import free_port
    port, other = free_port(), free_port()
    wrapper = [sys.executable, "-c", ACTIVATION, str(port)]
    server = ctx.server(config={"listener": [{"address": f"127.0.0.1:{port}", "role": "mx"}]}, wrapper=wrapper)
    clients = [server.client() for _ in range(6)]
    for client in clients:  # two workers share the one socket
        client.greet()
        client.close()
    stranger = ctx.server(config={"listener": [{"address": f"127.0.0.1:{other}", "role": "mx"}]}, wrapper=[
        sys.executable, "-c", ACTIVATION, str(free_port())], name="stranger", start=False)
    stranger.start(ready=False)
    check_equal(stranger.process.wait(20 * ctx.patience), 78, "exit status with a socket that no listener wants")
    stranger.process = None
    check("no [[listener]] has that address" in stranger.log_text(), stranger.tail())
