"""Many destinations at once, measured on ringpost alone: what they cost, and whether one that is well waits for those
that are not."""
import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import tempfile
import time

from cases import Case
from peers import install
from peers.base import SENDER, free_port
from peers.load import LoadFailed, RingpostBench
from peers.memory import hand_in, settled_kib, started
from support.base import end_process
from support.name_server import NameServer

# Every name below many.test has an MX whose address nobody listens at.
ZONE = ["* 60 IN MX 10 dead", "dead 60 IN A 127.0.0.99"]
ROUTE = '\n[[route]]\ndomain = "{domain}"\nnext_hop = "{next_hop}"\n'
DEAD = 10


def many_destinations(peer, options):
    """100,000 domains with 10 messages each, all deferred; then 10 dead next hops with 50,000 messages each beside
    them; and all the while, how long a message to a next hop that is well is on its way."""
    domains, each_dead = int(100_000 * options.scale), int(50_000 * options.scale)
    install.packages("nsd")
    generator = RingpostBench(peer.binary.parent)
    generator.prepare()
    well, dead = free_port(), free_port()
    peer.routes = (ROUTE.format(domain="well.test", next_hop=f"smtp://127.0.0.1:{well}")
                   + ROUTE.format(domain="*.many.test", next_hop="mx")
                   + "".join(ROUTE.format(domain=f"dead{i}.test", next_hop=f"smtp://127.0.0.{i + 2}:{dead}")
                             for i in range(DEAD)))
    values = {"destinations": domains, "messages": 10 * domains + DEAD * each_dead}
    with contextlib.ExitStack() as running:
        folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory()))
        names = NameServer(folder / "nsd", {"many.test": ZONE})
        running.callback(names.stop)
        names.wait()
        peer.more = f'\n[dns]\nservers = ["{names.address}"]\n'
        sink = subprocess.Popen([generator.binary, "sink", "--listen", f"127.0.0.1:{well}"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        running.callback(end_process, sink)
        running.enter_context(started(peer))
        values["rss_empty_MiB"] = settled_kib(peer) / 1024
        case = Case("destinations", 50, 1024, domains, domains)
        begin = time.monotonic()
        for _ in range(10):
            generator.run(peer, dataclasses.replace(case, recipient="one@d{n}.many.test"), domains, domains / 100 + 60)
        values["filled_in_s"] = time.monotonic() - begin
        values["well_ms_median"], values["well_ms_max"] = waits(peer)
        values["rss_full_MiB"] = settled_kib(peer) / 1024
        for i in range(DEAD):
            generator.run(peer, dataclasses.replace(case, recipient=f"one@dead{i}.test"), each_dead, each_dead / 100 + 60)
        values["well_beside_dead_ms_median"], values["well_beside_dead_ms_max"] = waits(peer)
        values["rss_with_dead_MiB"] = settled_kib(peer) / 1024
        queued = peer.total("queue_messages")
        if queued < values["messages"]:
            raise LoadFailed(f"the queue has {queued:g} messages instead of {values['messages']}")
    return values


def waits(peer):
    """Milliseconds from the final dot to the arrival at the next hop that is well: median and maximum of twenty."""
    taken = []
    for _ in range(20):
        before = peer.delivered()
        begin = time.monotonic()
        hand_in(peer, SENDER, "one@well.test")
        while peer.delivered() == before:
            if time.monotonic() - begin > 30:
                raise LoadFailed("a message to a next hop that is well did not arrive within 30 s")
            time.sleep(0.002)
        taken.append((time.monotonic() - begin) * 1000)
        time.sleep(0.1)
    return statistics.median(taken), max(taken)
