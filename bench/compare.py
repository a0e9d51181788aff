#!/usr/bin/env python3
"""Compares ringpost with Postfix, Exim, OpenSMTPD and chasquid on this machine: same load, same run, rounds interleaved.

Each measurement starts a fresh server with an empty queue in a scratch folder, warms it up, and then takes messages per
second, processor time of all its processes per message, and the peak of its resident memory. What stands in the table
is the median over the rounds, and the ratio to Postfix in the same round set. Needs root the first time (packages).

  bench/compare.py                                     all peers and cases, 3 rounds
  bench/compare.py --peers postfix,ringpost --cases accept-20 --rounds 5 --json result.json
  bench/compare.py --cases tls-handshake-p256-20,auth-scram-20     what TLS and logins cost
  bench/compare.py --cases idle-10000,queue-1000000    what ringpost needs for sessions and queued mail
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "tests"))

import certificates  # noqa: E402
import tables  # noqa: E402
from cases import CASES  # noqa: E402
from peers import destinations, memory, steering  # noqa: E402
from peers.chasquid import Chasquid  # noqa: E402
from peers.exim import Exim  # noqa: E402
from peers.install import Unavailable  # noqa: E402
from peers.load import LoadFailed, RingpostBench, SmtpSource  # noqa: E402
from peers.measure import MemoryWatch  # noqa: E402
from peers.opensmtpd import OpenSmtpd  # noqa: E402
from peers.postfix import Postfix  # noqa: E402
from peers.ringpost import (  # noqa: E402
    Ringpost, RingpostEager, RingpostOneFifth, RingpostOneWorker, RingpostSink, RingpostTwoFifths, RingpostWritten)
from peers.smtp_sink import SmtpSink  # noqa: E402

KIB = 1024
MEMORY_CASES = {"idle-10000": memory.idle_sessions, "queue-1000000": memory.long_queue,
                "steer-1000000": steering.steered_queue, "destinations-100000": destinations.many_destinations,
                "large-100x50MiB": memory.large_messages, "idle-tls-2000": memory.idle_tls_sessions}
PEERS = {kind.name: kind
         for kind in (Postfix, Exim, OpenSmtpd, Chasquid, SmtpSink, Ringpost, RingpostWritten, RingpostEager,
                      RingpostOneWorker, RingpostOneFifth, RingpostTwoFifths)}
DEFAULT_PEERS = "postfix,exim,opensmtpd,chasquid,smtp-sink,ringpost"


@dataclasses.dataclass
class Sample:
    messages_per_second: float  # sessions, where there is no mail
    cpu_ms_per_message: float
    memory_peak_mib: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    messages: int
    octets_copied_per_received: float | None = None
    resumed: float | None = None  # share of the handshakes
    agreed: str = ""              # what the handshakes agreed on


def planned_messages(case, rate, seconds):
    """So many that the round lasts about `seconds` at the rate the warm-up had."""
    return int(min(case.messages_max, max(case.messages_min, rate * seconds)))


def measure(peer, generator, case, options):
    """One round of one peer. The server's processor time includes what it still does in the second after the load."""
    sink = None
    if case.our_sink:
        sink = RingpostSink(peer, certificates.certificate(options.cache, "p256") if case.next_hop_tls else None)
    elif case.relay:
        sink = SmtpSink(options.cache, options.scratch)
        sink.start()
    try:
        peer.certificate = certificates.certificate(options.cache, case.certificate) if case.certificate else None
        peer.start(sink.port if sink else None)
        try:
            warm_up, rate = warmed_up(peer, generator, case, options)
            if sink:
                wait_for_sink(sink, warm_up, options.timeout)
            os.sync()
            return measured_load(peer, generator, case, planned_messages(case, rate, options.seconds), warm_up, sink, options)
        except LoadFailed as error:
            raise LoadFailed(f"{error}\n{peer.log()[-600:]}" if options.verbose else str(error)) from None
        finally:
            peer.stop()
    finally:
        if sink:
            sink.stop()


def warmed_up(peer, generator, case, options):
    """(messages sent, messages a second once sessions are open): the difference of a short and a longer load."""
    short = max(case.sessions, case.messages_min // 2)
    times = []
    for messages in (short, 2 * short):
        begin = time.monotonic()
        generator.run(peer, case, messages, options.timeout)
        times.append(time.monotonic() - begin)
    overall = 2 * short / times[1]
    return 3 * short, min(4 * overall, max(overall, short / max(times[1] - times[0], 1e-6)))


def measured_load(peer, generator, case, messages, before, sink, options):
    copied = octet_counters(peer)
    delays_before = len(peer.delays())
    watch = MemoryWatch(peer.group)
    watch.start()
    cpu = peer.group.cpu_seconds()
    begin = time.monotonic()
    load = generator.run(peer, case, messages, options.timeout)
    seconds = load.seconds
    if sink:
        wait_for_sink(sink, before + messages, options.timeout)
        seconds = time.monotonic() - begin
    time.sleep(1)
    cpu = peer.group.cpu_seconds() - cpu
    peak_kib = watch.stop()
    latency = load.latency_p50_ms, load.latency_p99_ms
    if case.relay:
        latency = percentiles([1000 * seconds for seconds in peer.delays()[delays_before:]])
    return Sample(messages / seconds, cpu / messages * 1000, peak_kib / KIB, *latency, messages,
                  copied_ratio(copied, octet_counters(peer)), load.resumed, load.agreed)


def percentiles(values):
    """(p50, p99), or nothing of nothing."""
    if not values:
        return None, None
    values = sorted(values)
    return values[len(values) // 2], values[len(values) * 99 // 100]


def wait_for_sink(sink, count, timeout):
    end = time.monotonic() + timeout
    while sink.counted() < count:
        if time.monotonic() > end:
            raise LoadFailed(f"{sink.counted()} of {count} messages reached the next hop in {timeout:g} s")
        time.sleep(0.005)


def octet_counters(peer):
    if not isinstance(peer, Ringpost):
        return None
    return peer.total("octets_copied_total"), peer.total("octets_received_total")


def copied_ratio(before, after):
    if not before or not after or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


def prepared(cases, options):
    """The peers and generators that can run here; what cannot is told once, with the reason."""
    build = pathlib.Path(options.build).resolve()
    peers = []
    for name in options.peers:
        kind = PEERS[name]
        if not any(kind.can(case) for case in cases):
            continue
        ours = issubclass(kind, Ringpost)
        peer = kind(options.cache, options.scratch, build) if ours else kind(options.cache, options.scratch)
        peers += usable(peer)
    generators = []
    needs_ours = any(case.ours for case in cases)
    for generator in (SmtpSource(), RingpostBench(build)):
        if generator.name in options.generators or (needs_ours and generator.name == "ringpost-bench"):
            generators += usable(generator)
    return peers, generators


def usable(thing):
    try:
        thing.prepare()
        return [thing]
    except Unavailable as reason:
        print(f"SKIP {thing.name}: {reason}", file=sys.stderr, flush=True)
        return []


def run_rounds(cases, peers, generators, options):
    """{(case, generator, peer): [Sample]}, and the same keys with the reason where a round failed."""
    samples, failures = {}, {}
    for case in cases:
        for generator in generators:
            if generator.name not in (["ringpost-bench"] if case.ours else options.generators):
                continue
            for number in range(options.rounds):
                for peer in peers:  # A B C A B C: what drifts on the machine meets all of them
                    if not peer.can(case):
                        continue
                    peer.mechanism = case.mechanism  # also of what is measured beside it: the same server, nobody logs in
                    for part in (case.beside, case) if case.beside else (case,):
                        run_one(peer, generator, part, number, options, samples, failures)
    return samples, failures


def run_one(peer, generator, case, number, options, samples, failures):
    key = (case.name, generator.name, peer.name)
    try:
        sample = measure(peer, generator, case, options)
        samples.setdefault(key, []).append(sample)
        told = f"{sample.messages_per_second:9.1f}/s {sample.cpu_ms_per_message:8.3f} ms {sample.agreed}"
    except (LoadFailed, Unavailable) as error:
        failures[key] = told = f"failed: {error}"
    print(f"round {number + 1} {case.name:24} {generator.name:15} {peer.name:17} {told}", file=sys.stderr, flush=True)


def run_memory_cases(names, options):
    rows = []
    for name in names:
        peer = Ringpost(options.cache, options.scratch, pathlib.Path(options.build).resolve())
        if not usable(peer):
            break
        try:
            rows.append({"case": name, **MEMORY_CASES[name](peer, options)})
        except (LoadFailed, Unavailable) as error:
            print(f"{name} failed: {error}\n{peer.last_log}", file=sys.stderr, flush=True)
            rows.append({"case": name, "failed": str(error)})
    return rows


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs {model}"


def listed(known):
    def parse(value):
        names = [n for n in value.split(",") if n]
        unknown = [n for n in names if n not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names
    return parse


def arguments():
    cases = [c.name for c in CASES] + list(MEMORY_CASES)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=listed(PEERS), default=DEFAULT_PEERS.split(","), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--cases", type=listed(cases), default=[c.name for c in CASES], help=f"of {', '.join(cases)}")
    parser.add_argument("--generators", type=listed(["smtp-source", "ringpost-bench"]), default=["smtp-source"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="about how long one measurement sends")
    parser.add_argument("--timeout", type=float, default=300.0, help="for one load, in seconds")
    parser.add_argument("--build", default=HERE.parent / "build" / "release", help="folder of ringpost and ringpost-bench")
    parser.add_argument("--cache", default=HERE.parent / "build" / "peers", help="unpacked peers")
    parser.add_argument("--scratch", default=None, help="where queues lie (default: the temporary folder)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the memory cases: 0.01 for a quick look")
    parser.add_argument("--json", metavar="FILE", help="also write everything as JSON")
    parser.add_argument("--verbose", action="store_true", help="show a failed peer's log")
    return parser.parse_args()


def main():
    options = arguments()
    memory.raise_file_limit()
    report = {"machine": machine(), "rounds": options.rounds, "seconds": options.seconds}
    cases = [c for c in CASES if c.name in options.cases]
    failures = {}
    if cases:
        peers, generators = prepared(cases, options)
        report["versions"] = {peer.name: peer.version() for peer in peers}
        samples, failures = run_rounds(cases, peers, generators, options)
        report["results"] = tables.rows_of(samples, cases, [f.name for f in dataclasses.fields(Sample) if f.name != "agreed"])
        report["failures"] = [{"case": c, "generator": g, "peer": p, "reason": why} for (c, g, p), why in failures.items()]
    wanted = [name for name in MEMORY_CASES if name in options.cases]
    if wanted:
        report["memory"] = run_memory_cases(wanted, options)
    print(f"{report['machine']}; " + ", ".join(f"{n} {v}" for n, v in report.get("versions", {}).items()) + "\n")
    if "results" in report:
        secured = {name for c in cases if c.ours for name in (c.name, c.beside and c.beside.name)}
        for show, chosen in ((tables.table, False), (tables.secured_table, True)):
            rows = [row for row in report["results"] if (row["case"] in secured) == chosen]
            if rows:
                print(show(rows) + "\n")
        for key, why in failures.items():
            print(f"\nfailed: {' '.join(key)}: {why}")
    if "memory" in report:
        print(tables.memory_table(report["memory"]))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    return 1 if failures or any("failed" in row for row in report.get("memory", [])) else 0


if __name__ == "__main__":
    sys.exit(main())
