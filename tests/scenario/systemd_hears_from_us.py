"""What systemd is told (sd_notify): ready, alive as long as every worker turns, stopping."""

import ctypes
import os
import pathlib
import socket

from lib import NotPermitted, check, wait_until

PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000


class Manager:
    """The receiving end of NOTIFY_SOCKET: every assignment that was heard, in order."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name)
        self.socket.setblocking(False)
        self.address = "@" + name
        self.heard = []

    def read(self):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.heard

    def count(self, line):
        return self.read().count(line)


def watched_server(ctx, milliseconds):
    manager = Manager(f"ringpost-test-{ctx.folder.name}")
    ctx.on_exit(manager.socket.close)
    server = ctx.server(environment={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(milliseconds * 1000),
                                     "WATCHDOG_PID": "1"})  # a predecessor's, as after a hot upgrade
    return manager, server


class StoppedThread:
    """One thread of a process, held by ptrace(2) as a debugger holds it, while the others run on."""

    def __init__(self, thread):
        self.thread = thread
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        if self.libc.ptrace(PTRACE_ATTACH, self.thread, None, None) != 0:
            raise NotPermitted(f"ptrace: {os.strerror(ctypes.get_errno())}")
        os.waitpid(self.thread, WALL)

    def __exit__(self, *_):
        self.libc.ptrace(PTRACE_DETACH, self.thread, None, None)


def worker_thread(server, number):
    """The thread of a worker: they are the ones with a ring, and begin in their order."""
    names = {int(task.name): (task / "comm").read_text().strip() for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir()}
    found = [task for task, name in names.items() if name == f"worker{number}"]
    check(len(found) == 1, f"no thread of worker {number}: {names}")
    return found[0]


def test_ready_alive_and_stopping_are_told(ctx):
    manager, server = watched_server(ctx, 400)
    check(manager.count("READY=1") == 1, f"systemd heard {manager.heard}")
    check(any(line.startswith("STATUS=") for line in manager.heard), f"no status: {manager.heard}")
    before = manager.count("WATCHDOG=1")
    wait_until(lambda: manager.count("WATCHDOG=1") >= before + 3, 5 * ctx.patience, "three more pings")
    server.stop()
    check(manager.count("STOPPING=1") == 1, f"systemd heard {manager.heard}")


def test_without_a_watchdog_nobody_pings(ctx):
    manager = Manager(f"ringpost-test-{ctx.folder.name}")
    ctx.on_exit(manager.socket.close)
    server = ctx.server(environment={"NOTIFY_SOCKET": manager.address})
    server.send("someone@example.test")
    server.wait_mail("someone")
    check(manager.count("READY=1") == 1 and manager.count("WATCHDOG=1") == 0, f"systemd heard {manager.heard}")


def test_one_stuck_worker_ends_the_pings(ctx):
    manager, server = watched_server(ctx, 1000)
    wait_until(lambda: manager.count("WATCHDOG=1") >= 2, 10 * ctx.patience, "pings")
    with StoppedThread(worker_thread(server, 1)):
        server.wait_event("error", operation="watchdog", worker=1)
        before = manager.count("WATCHDOG=1")
        for _ in range(3):
            status, _ = server.http("/health/live")  # from outside it looks alive
            check(status == 200, f"/health/live says {status}")
            try:
                wait_until(lambda: manager.count("WATCHDOG=1") > before, 0.7, "a ping")
            except AssertionError:
                continue
            check(False, "systemd was told that all is well while a worker was stuck")
    wait_until(lambda: manager.count("WATCHDOG=1") > before, 10 * ctx.patience, "pings of the worker that turns again")
    check(len([e for e in server.events("error") if e.get("operation") == "watchdog"]) == 1, "told more than once")
