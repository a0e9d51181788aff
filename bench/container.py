#!/usr/bin/env python3
"""What the container costs: the image's ringpost in a container under the shipped seccomp profile, and the same file outside.

Both run all the time, with the same configuration, as the same user, each in a control group of its own, with volumes on the
same file system and a reader of their log; short rounds of the
same load go to one and then to the other, in an order that changes with each pair. Mail is kept: nobody listens at the next hop.
What counts is processor time a message (user and system, of the server alone), because it says the same on a machine that has
other work to do; messages a second are shown beside it. Needs root, podman and what deploy/setup.sh --tests installs.

  bench/container.py                                    40 pairs of rounds of 2,000 messages
  bench/container.py --pairs 100 --messages 1000 --sessions 50 --json result.json
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "scenario"), str(ROOT / "tests")]

import lib  # noqa: E402
from _containers import Relay  # noqa: E402
from _peers import nobody_listens, relaying  # noqa: E402


def cpu_seconds(pid):
    """Of all threads of a process, those that ended included: its CPU clock (clock_getcpuclockid(3)), in nanoseconds."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def control_groups(ctx):
    """A control group of its own in every hierarchy that lets us, as the container has; what puts a command into them."""
    folders = []
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mounted, kind = line.split()[:3]
        if not kind.startswith("cgroup") or mounted.endswith(("cpuset", "unified", "systemd")):
            continue
        folder = pathlib.Path(mounted) / f"ringpost-bench-{os.getpid()}"
        with contextlib.suppress(OSError):
            folder.mkdir()
            folders.append(folder)
            ctx.on_exit(folder.rmdir)
    script = "".join(f"echo $$ >{folder}/cgroup.procs; " for folder in folders)
    return ["sh", "-c", script + 'exec "$@"', "sh"]


def load(generator, port, options):
    """Messages a second of one round, of which every message must be accepted."""
    done = subprocess.run([generator, "load", "--to", f"127.0.0.1:{port}", "--sessions", str(options.sessions), "--messages",
                           str(options.messages), "--messages-per-session", str(options.messages // options.sessions),
                           "--size", str(options.size), "--from", "sender@sender.example.net", "--rcpt", "user@foreign.example",
                           "--timeout", "30s", "--json", "--no-progress"], capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    if done.returncode or told.get("accepted") != options.messages:
        sys.exit(f"a round failed: {done.stderr[-300:]} {told.get('errors')}")
    return options.messages / told["seconds"]


def one_round(pid, generator, port, options):
    """(CPU ms a message, messages a second)"""
    before = cpu_seconds(pid)
    rate = load(generator, port, options)
    return 1000 * (cpu_seconds(pid) - before) / options.messages, rate


def measure(ctx, options):
    relay = Relay(ctx, relaying(nobody_listens(), retry={"first": "4h", "factor": 1.0, "max": "4h"}) | {
        "log": {"format": "json", "level": "info"}, "limits": {"sessions_per_client_max": 1000}})
    program, generator = (relay.engine.take_out(f"/usr/bin/{name}", ctx.folder) for name in ("ringpost", "ringpost-bench"))
    box = relay.start()
    other, process = relay.native(program, ctx.folder / "native", control_groups(ctx))
    other.wait_banner()
    sides = {"container": (box.pid(), relay.port), "outside": (process.pid, other.port)}
    samples = {name: [] for name in sides}
    for pair in range(-2, options.pairs):  # the first two warm both up
        for name in (list(sides) if pair % 2 else list(sides)[::-1]):
            pid, port = sides[name]
            sample = one_round(pid, generator, port, options)
            if pair >= 0:
                samples[name].append(sample)
    box.stop()
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--size", type=int, default=10240)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    ctx = lib.Context("release", "container-bench")
    try:
        samples = measure(ctx, options)
    finally:
        ctx.close()
        ctx.forget()
    cpu, rate = ({name: statistics.median(sample[part] for sample in of) for name, of in samples.items()} for part in (0, 1))
    pairs = list(zip(samples["outside"], samples["container"]))
    print("| | CPU ms a message | messages/s |\n|---|--:|--:|")
    for name in samples:
        print(f"| {name} | {cpu[name]:.4f} | {rate[name]:,.0f} |")
    ratios = [statistics.median(out[0] / box[0] for out, box in pairs), statistics.median(box[1] / out[1] for out, box in pairs)]
    print(f"| container as a share of outside, median of {len(pairs)} pairs | {ratios[0]:.1%} | {ratios[1]:.1%} |")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"samples": samples, "ratios": ratios}, indent=1) + "\n")
    return 0 if ratios[0] >= 0.97 else 1


if __name__ == "__main__":
    sys.exit(main())
