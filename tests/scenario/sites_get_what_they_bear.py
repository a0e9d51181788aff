"""Slow, full, dead and rude next hops: each gets what it bears, and none holds up another."""

import threading
import time

import lib
from _peers import wait_queue_empty
from lib import check, check_equal, wait_until

BODY = b"From: sender@example.test\r\nSubject: x\r\n\r\ntext\r\n"
QUEUE = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}


def routed(ctx, routes, **config):
    tables = [{"domain": domain, **({"next_hop": route} if isinstance(route, str) else route)}
              for domain, route in routes.items()]
    return ctx.server(config={"queue": QUEUE, "route": tables, **config})


def send_many(server, domain, count):
    for number in range(count):
        server.send(f"rcpt{number}@{domain}", BODY, sender="sender@example.test")


def test_a_tarpit_and_a_dead_site_do_not_hold_up_the_others(ctx):
    tarpit = ctx.peer(delay={"MAIL": 3, "RCPT": 3})
    quick = ctx.peer()
    server = routed(ctx, {"slow.example": tarpit.next_hop, "dead.example": f"smtp://127.0.0.1:{lib.free_port()}",
                          "quick.example": quick.next_hop})
    send_many(server, "slow.example", 30)
    send_many(server, "dead.example", 30)
    started = time.monotonic()
    server.send("rcpt@quick.example", BODY, sender="sender@example.test")
    quick.wait(1)
    took = time.monotonic() - started
    check(took < 1.0 * ctx.patience, f"the quick one waited {took:.2f} s")


def test_who_refuses_connections_gets_fewer(ctx):
    refused = []

    def greeting(peer, _):
        if peer.connections_now <= 2:
            return "220 ready"
        refused.append(peer.connections_now)
        return "421 4.7.0 too many connections"

    site = ctx.peer(replies={"GREETING": greeting}, delay={".": 0.05})
    server = routed(ctx, {"full.example": {"next_hop": site.next_hop, "connections_max": 20,
                                           "messages_per_connection_max": 5}})
    send_many(server, "full.example", 60)
    wait_until(lambda: len(site.messages) == 60, 60 * ctx.patience, "all of it")
    wait_queue_empty(server)
    check(0 < len(refused) <= 20, f"{len(refused)} connections were refused: {refused}")


def test_greylisting_is_no_reason_to_slow_down(ctx):
    seen = set()
    lock = threading.Lock()

    def rcpt(_, line):
        with lock:
            known = line in seen
            seen.add(line)
        return "250 2.1.5 ok" if known else "450 4.2.0 greylisted, too many messages from strangers"

    site = ctx.peer(replies={"RCPT": rcpt})
    server = routed(ctx, {"grey.example": site.next_hop})
    send_many(server, "grey.example", 20)
    wait_until(lambda: len(site.messages) == 20, 30 * ctx.patience, "all of it")
    wait_queue_empty(server)
    check_equal(len(server.events("defer")), 20, "one deferral each")


def test_a_route_sends_no_faster_than_its_rate(ctx):
    site = ctx.peer()
    server = routed(ctx, {"paced.example": {"next_hop": site.next_hop, "rate": "10/s"}})
    started = time.monotonic()
    send_many(server, "paced.example", 30)
    site.wait(30)
    took = time.monotonic() - started
    check(took > 1.8, f"30 messages at 10/s, the first ten at once, took {took:.2f} s")


def test_mail_leaves_from_the_address_of_its_route(ctx):
    heard = []
    site = ctx.peer(replies={"EHLO": lambda _, line: heard.append(line) or "250 ready"})
    server = routed(ctx, {"sourced.example": {"next_hop": site.next_hop,
                                              "source_addresses": ["127.0.0.81 out81.example.test"]}})
    server.send("rcpt@sourced.example", BODY, sender="sender@example.test")
    site.wait(1)
    check("out81.example.test" in heard[0], f"EHLO was {heard}")
    wait_queue_empty(server)


def test_rules_of_the_operator_decide_against_the_code(ctx):
    first = {"pending": True}

    def rcpt(_, line):
        if "soon@" in line and first["pending"]:
            first["pending"] = False
            return "550 5.7.1 not yet, call again"
        return "450 4.2.1 moved to the moon" if "moon@" in line else "250 ok"

    site = ctx.peer(replies={"RCPT": rcpt})
    server = routed(ctx, {"odd.example": site.next_hop},
                    reply_rule=[{"code": "5", "contains": "call again", "advice": "defer"},
                                {"code": "4", "contains": "the moon", "advice": "fail"}])
    server.send("soon@odd.example", BODY, sender="sender@example.test")
    server.send("moon@odd.example", BODY, sender="sender@example.test")
    site.wait(1)
    bounce = server.wait_mail("sender", 1)[0]
    check(b"moved to the moon" in bounce and b"Status: 5.2.1" in bounce, bounce.decode())
    wait_queue_empty(server)
    said = server.cli("reply-rules", "450 4.2.1 moved to THE MOON")
    check(said.startswith("fail"), f"reply-rules said {said!r}")
