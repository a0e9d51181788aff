"""Many destinations at once, measured on ringpost alone: what they cost, and whether one that is well waits for those
that are not."""
import contextlib
import dataclasses
import statistics
import subprocess
import time

from cases import Case
from peers import install
from peers.base import SENDER, free_port
from peers.load import LoadFailed, RingpostBench
from peers.memory import greeted, said, settled_kib, started

# Every name below many.test has an MX whose address nobody listens at.
ZONE = """$ORIGIN many.test.
@ 60 IN SOA ns hostmaster 1 3600 600 86400 60
@ 60 IN NS ns
* 60 IN MX 10 dead
dead 60 IN A 127.0.0.99
ns 60 IN A 127.0.0.1
"""
NSD = """server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "many.test"
  zonefile: "many.zone"
"""
ROUTE = '\n[[route]]\ndomain = "{domain}"\nnext_hop = "{next_hop}"\n'
DEAD = 10


def many_destinations(peer, options):
    """100,000 domains with 10 messages each, all deferred; then 10 dead next hops with 50,000 messages each beside
    them; and all the while, how long a message to a next hop that is well is on its way."""
    domains, each_dead = int(100_000 * options.scale), int(50_000 * options.scale)
    install.packages("nsd")
    generator = RingpostBench(peer.binary.parent)
    generator.prepare()
    well, names, dead = free_port(), free_port(), free_port()
    peer.routes = (ROUTE.format(domain="well.test", next_hop=f"smtp://127.0.0.1:{well}")
                   + ROUTE.format(domain="*.many.test", next_hop="mx")
                   + "".join(ROUTE.format(domain=f"dead{i}.test", next_hop=f"smtp://127.0.0.{i + 2}:{dead}")
                             for i in range(DEAD)))
    peer.more = f'\n[dns]\nservers = ["127.0.0.1:{names}"]\n'
    values = {"destinations": domains, "messages": 10 * domains + DEAD * each_dead}
    with contextlib.ExitStack() as running:
        sink = subprocess.Popen([generator.binary, "sink", "--listen", f"127.0.0.1:{well}"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        running.callback(end, sink)
        running.enter_context(started(peer))
        running.callback(end, name_server(peer.scratch, names))
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
        with contextlib.closing(greeted(peer.port)) as session:
            for line, code in ((f"MAIL FROM:<{SENDER}>", b"250"), ("RCPT TO:<one@well.test>", b"250"), ("DATA", b"354"),
                               ("Subject: quick\r\n\r\nquick\r\n.", b"250")):
                said(session, line, code)
            while peer.delivered() == before:
                if time.monotonic() - begin > 30:
                    raise LoadFailed("a message to a next hop that is well did not arrive within 30 s")
                time.sleep(0.002)
        taken.append((time.monotonic() - begin) * 1000)
        time.sleep(0.1)
    return statistics.median(taken), max(taken)


def name_server(folder, port):
    (folder / "many.zone").write_text(ZONE)
    (folder / "nsd.conf").write_text(NSD.format(port=port, folder=folder))
    return subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def end(process):
    process.terminate()
    process.wait(20)
