"""Domains whose DNS is made to cost: chains and circles of CNAMEs, thousands of MX, hosts with thousands of addresses. Each
is cut and ends in the right class with a line that says why, and the domain next door gets its mail at once."""

import re
import time

from _peers import queued
from lib import check, check_equal
from mail_goes_by_mx import BODY, host
from support.name_server import NameServer

# ThreadSanitizer ends itself where a thread holds more than 64 locks, and libunbound takes one for each name of an answer.
PRESETS = ["release", "debug", "asan"]
ADDRESS = "127.0.0.75"
NOBODY = [f"127.1.{high}.{low}" for high in range(8) for low in range(1, 251)]  # 2000 addresses without a listener
LIMITS = "no more than 16 hosts and 32 addresses are tried"


def chain(label, count, end):
    """`count` CNAMEs, from label0 on, and what the last one leads to."""
    return [f"{label}{i} 60 IN CNAME {label}{i + 1}" for i in range(count)] + [f"{label}{count} 60 IN {end}"]


def many_mx(label, count, address):
    return [f"{label} 60 IN MX {10 + i % 5} h{i}.{label}" for i in range(count)] + [f"*.{label} 60 IN A {address}"]


ZONE = [
    f"mx 60 IN A {ADDRESS}",
    *chain("short", 11, "MX 10 mx"), *chain("long", 12, "MX 10 mx"), *chain("endless", 500, "MX 10 mx"),
    "circle0 60 IN CNAME circle1", "circle1 60 IN CNAME circle2", "circle2 60 IN CNAME circle0", "self 60 IN CNAME self",
    *chain("host", 40, f"A {ADDRESS}"), "longhost 60 IN MX 10 host0", "circlehost 60 IN MX 10 circle0",
    *many_mx("alive", 1500, ADDRESS), *many_mx("dead", 1500, NOBODY[0]), *many_mx("huge", 2500, ADDRESS),
    *(f"wide 60 IN MX 10 h{i}.wide" for i in range(20)),
    *(f"h{i}.wide 60 IN A {address}" for i in range(20) for address in NOBODY),
]

# Name: the event that follows, its enhanced code, and what the line says.
BOMBS = {
    "short0": ("deliver", "2.0.0", "taken"),
    "long0": ("defer", "4.4.3", r"the DNS about long0\.bomb\.example: a chain of more than 11 CNAMEs"),
    "endless0": ("defer", "4.4.3", r"the DNS about endless0\.bomb\.example: a chain of more than 11 CNAMEs"),
    "circle0": ("defer", "4.4.3", "its CNAMEs lead in a circle"),
    "self": ("defer", "4.4.3", "its CNAMEs lead in a circle"),
    "longhost": ("defer", "4.4.3", r"the DNS about host0\.bomb\.example: a chain of more than 11 CNAMEs"),
    "circlehost": ("defer", "4.4.3", r"the DNS about circle0\.bomb\.example: its CNAMEs lead in a circle"),
    "alive": ("deliver", "2.0.0", "taken"),
    "dead": ("defer", "4.4.1", "Connection refused; of a domain, " + LIMITS),
    "huge": ("defer", "4.4.3", r"the DNS about huge\.bomb\.example: the answer is larger than"),
    "wide": ("defer", "4.4.1", "Connection refused; of a domain, " + LIMITS),
}


def outcomes(server):
    found = {name: [] for name in BOMBS}
    for event in server.log_events():
        name = event.get("to", "").partition("@")[2].removesuffix(".bomb.example")
        if event["event"] in ("deliver", "defer", "bounce") and name in found:
            found[name].append(event)
    return found


def test_dns_bombs_are_cut(ctx):
    ctx.need("nsd")
    good = ["@ 60 IN MX 10 mx", f"mx 60 IN A {ADDRESS}"]
    names = NameServer(ctx.folder / "nsd", {"bomb.example": ZONE, "good.example": good})
    ctx.on_exit(names.stop)
    names.wait()
    peer = host(ctx, ADDRESS)
    server = ctx.server(config={"dns": {"servers": [names.address]},
                                "queue": {"retry": {"first": "1h"}, "min_free_disk": "16MiB"}})
    for name in BOMBS:
        server.send(f"rcpt@{name}.bomb.example", BODY, sender="sender@example.test")

    good = 0
    while good < 10 or not all(outcomes(server).values()):
        started = time.monotonic()
        server.send(f"rcpt{good}@good.example", BODY, sender="sender@example.test")
        while not any(message["recipients"] == [f"rcpt{good}@good.example"] for message in list(peer.messages)):
            check(time.monotonic() - started < 1.0 * ctx.patience, "mail for the domain next door waits")
            time.sleep(0.005)
        good += 1
        check(good < 200, f"nothing is known of {[name for name, events in outcomes(server).items() if not events]}")
        time.sleep(0.1)

    wrong = []
    for name, events in outcomes(server).items():
        event, code, words = BOMBS[name]
        seen = [(each["event"], each.get("enhanced")) for each in events]
        if seen != [(event, code)] or not re.search(words, events[0].get("reply", "")):
            wrong.append(f"{name}: expected {event} {code} {words!r}: {events}")
    check(not wrong, "\n".join(wrong))
    check_equal(queued(server), sum(event == "defer" for event, _, _ in BOMBS.values()), "messages that wait")
