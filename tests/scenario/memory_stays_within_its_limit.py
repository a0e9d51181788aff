"""Short of memory the server refuses, and neither dies nor loses: within the limit of a control group, and within its own
budget where messages take more than was planned."""

import asyncio
import json
import os
import pathlib
import subprocess

from _peers import nobody_listens, relaying
from lib import check, check_equal, wait_until
from support.base import binary, sanitizer_environment

PRESETS = ["release", "debug"]  # a sanitizer takes a multiple of the memory for itself
MIB = 1 << 20
LIMIT = 256 * MIB


def memory_group(ctx, octets):
    """The folder of a control group with this limit of memory; None where this machine forbids to make one."""
    for parent, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = pathlib.Path(parent, f"ringpost-story-{os.getpid()}")
        try:
            group.mkdir()
        except OSError:
            continue
        ctx.on_exit(group.rmdir)
        try:
            (group / name).write_text(str(octets))
            return group
        except OSError:
            continue
    return None


def begun_in(group):
    """The wrapper of a server that begins its life in the group."""
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$0" "$@"'] if group else []


def load(ctx, server, *arguments):
    """What `ringpost-bench load` reports."""
    host, port = server.address()
    done = subprocess.run([binary(ctx.preset, "ringpost-bench"), "load", "--to", f"{host}:{port}", "--json", "--no-progress",
                           "--rcpt", "box{n}@far.example", *arguments], capture_output=True, text=True,
                          timeout=120 * ctx.patience, env=sanitizer_environment(ctx.preset))
    check(done.stdout.startswith("{"), f"ringpost-bench: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def resident(server, name):
    """A line of /proc/PID/status in octets."""
    for line in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def queued(server):
    return int(sum(value for name, value in server.metrics().items() if name.startswith("ringpost_queue_messages")))


def refused(report, *codes):
    return sum(error["count"] for name, error in report["errors"].items() if name.split()[-1] in codes)


def test_memory_stays_within_its_limit_under_more_sessions_than_fit(ctx):
    """256 MiB, and more sessions than it is enough for: most idle, four hundred that send messages of one MiB."""
    group = memory_group(ctx, LIMIT)
    limits = {"sessions_max": 10_000, "sessions_per_client_max": 10_000}
    if group is None:
        print("no control group can be made here: the limit is limits.memory_max alone", flush=True)
        limits["memory_max"] = "192MiB"
    server = ctx.server(config=relaying(nobody_listens()) | {"workers": 2, "limits": limits}, wrapper=begun_in(group))
    budget = server.metrics()["ringpost_memory_budget_bytes"]
    check_equal(budget, LIMIT * 3 // 4, "budget")
    report = load(ctx, server, "--sessions", "400", "--duration", "3s", "--size", "1MiB", "--idle-sessions", "1600")
    check(server.process.poll() is None, f"the server ended\n{server.tail()}")
    peak = resident(server, "VmHWM")
    check(peak < LIMIT, f"{peak} octets were resident at the peak")
    check(refused(report, "421", "451", "452") > 0, f"nothing was refused: {report['errors']}")
    check(report["accepted"] > 0, "nothing was taken")
    wait_until(lambda: server.http("/health/ready")[0] == 200, 10 * ctx.patience, "ready again")
    server.send("later@far.example")
    wait_until(lambda: queued(server) == report["accepted"] + 1, 10 * ctx.patience, "what got its 250 is in the queue")
    server.restart(crash=True)
    check_equal(queued(server), report["accepted"] + 1, "messages in the queue after a crash")


class Hoarder:
    """A session that names as many recipients as it may and then says nothing."""

    RECIPIENTS = 1000
    NAMES = b"".join(b"RCPT TO:<%064d@%s.example>\r\n" % (n, b".".join([b"d" * 60] * 2)) for n in range(RECIPIENTS))

    def __init__(self, address):
        self.address = address
        self.codes = {}

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        await self.say(b"", 1)
        await self.say(b"EHLO client.example.net\r\n", 1)

    async def hoard(self):
        if await self.say(b"MAIL FROM:<a@example.net>\r\n", 1) == b"250":
            await self.say(self.NAMES, self.RECIPIENTS)

    async def say(self, octets, replies):
        """Counts the codes of so many replies; returns the last one, or what came before the end."""
        self.writer.write(octets)
        code = b""
        while replies > 0:
            line = await self.reader.readline()
            if not line:
                break
            code = line[:3]
            if line[3:4] != b"-":
                replies -= 1
                self.codes[code] = self.codes.get(code, 0) + 1
        return code


async def hoard(address, count, meanwhile):
    """`count` hoarders, a few at a time; `meanwhile` is called with all open. The codes that they heard."""
    gate = asyncio.Semaphore(8)
    hoarders = [Hoarder(address) for _ in range(count)]

    async def one(hoarder):
        async with gate:
            await hoarder.hoard()
    for hoarder in hoarders:
        await hoarder.open()
    await asyncio.gather(*(one(hoarder) for hoarder in hoarders))
    await asyncio.get_running_loop().run_in_executor(None, meanwhile)
    codes = {}
    for hoarder in hoarders:
        hoarder.writer.close()
        for code, times in hoarder.codes.items():
            codes[code] = codes.get(code, 0) + times
    return codes


def test_sessions_that_take_more_than_planned_are_refused_until_they_are_gone(ctx):
    """A budget of 96 MiB, and clients that name a thousand recipients each and stay: fifty times what an idle session takes."""
    budget = 96 * MIB
    limits = {"memory_max": "96MiB", "sessions_per_client_max": 1000}
    server = ctx.server(config=relaying(nobody_listens()) | {"workers": 1, "limits": limits})
    early = server.client()
    early.greet()
    seen = {}

    def while_all_are_open():
        seen["ready"] = wait_until(lambda: (page := server.http("/health/ready"))[0] == 503 and page, 5 * ctx.patience, "not ready")
        seen["used"] = server.metrics()["ringpost_memory_used_bytes"]
        seen["mail"] = early.command("MAIL FROM:<b@example.net>").text
        with server.client() as late:
            seen["greeting"] = late.reply()
    codes = asyncio.run(hoard(server.address(), 300, while_all_are_open))
    check(codes.get(b"452", 0) > 0, f"no recipient was refused: {codes}")
    check("memory is short" in seen["ready"][1], f"the reason is not memory: {seen['ready']}")
    check(budget * 0.9 < seen["used"] < budget * 1.1, f"{seen['used']} octets are used")
    check(seen["mail"].startswith("452 4.3.1"), f"MAIL of an open session: {seen['mail']!r}")
    check(seen["greeting"].code == 421 and "memory" in seen["greeting"].text, f"greeting: {seen['greeting']!r}")
    check_equal(server.metrics()["ringpost_memory_budget_bytes"], budget, "budget")
    check(server.wait_event("warning", operation="memory")["reason"].startswith("memory is short"), "no warning")
    wait_until(lambda: server.http("/health/ready")[0] == 200, 10 * ctx.patience, "ready again once they are gone")
    early.send("b@example.net", "box@far.example", "Subject: after\r\n\r\n")
    early.close()
    check_equal(queued(server), 1, "messages in the queue")
