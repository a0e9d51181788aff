"""Fifty domains with the same MX hosts: their mail goes over a few connections, and a domain that wants more of a
connection than the others does not ride on theirs."""

from _peers import queued, wait_queue_empty
from dane_decides_about_tls import digest_of
from lib import check, check_equal, wait_until
from mail_goes_by_mx import BODY, host
from mta_sts_policies_are_obeyed import PolicyServer, ZONE, good_pair, policy
from support.certificates import Authority, authority

QUEUE = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}
DOMAINS = 50
EACH = 3
# Whoever it is below many.example, the mail host is mx.foreign.example.
MANY = ["* 60 IN MX 10 mx.foreign.example."]


def relay(ctx, zones, signed=(), **route):
    names = ctx.name_server({"many.example": MANY, **zones}, signed)
    dns = {"servers": [names.address]} | ({"dnssec_trust_anchor": names.trust_anchor} if signed else {})
    return ctx.server(config={"dns": dns, "queue": QUEUE, "workers": 1,
                              "route": [{"domain": "*", "next_hop": "mx", **route}]})


def send(server, *domains):
    for domain in domains:
        server.send(f"rcpt@{domain}", BODY, sender="sender@example.test")


def arrived(peer):
    return {recipient.partition("@")[2] for message in peer.messages for recipient in message["recipients"]}


def deferred(server, count=1):
    return wait_until(lambda: len(server.events("defer")) >= count and server.events("defer"), 30 * server.patience,
                      "a deferral")


def test_many_domains_go_over_few_connections(ctx):
    peer = host(ctx, "127.0.0.73")
    server = relay(ctx, {"foreign.example": ["mx 60 IN A 127.0.0.73"]}, connections_max=4)
    domains = [f"d{number}.many.example" for number in range(DOMAINS)]
    for _ in range(EACH):
        send(server, *domains)
    peer.wait(DOMAINS * EACH, 60 * ctx.patience)
    wait_queue_empty(server)
    check_equal((len(peer.messages), arrived(peer)), (DOMAINS * EACH, set(domains)), "what came")
    check(peer.connections_peak <= 4, f"{peer.connections_peak} connections at a time")
    check(peer.connections <= 8, f"{peer.connections} connections for {DOMAINS * EACH} messages")


def test_an_enforced_policy_does_not_ride_on_a_connection_that_nobody_has_verified(ctx):
    stranger = Authority(ctx.folder / "stranger").server(names=("mx.foreign.example",))
    peer = host(ctx, "127.0.0.73", pair=stranger)
    ctx.keep(PolicyServer(policy("enforce")))
    server = relay(ctx, {"foreign.example": ZONE}, tls_ca_file=authority().ca)
    send(server, "a.many.example")
    peer.wait(1, 30 * ctx.patience)
    send(server, "foreign.example")
    check_equal(deferred(server)[0]["enhanced"], "4.7.5", "enhanced code")
    send(server, "b.many.example")
    peer.wait(2, 30 * ctx.patience)
    check_equal((arrived(peer), queued(server)), ({"a.many.example", "b.many.example"}, 1), "what came, what waits")


def test_a_connection_that_is_verified_is_good_for_all(ctx):
    peer = host(ctx, "127.0.0.73", pair=good_pair())
    ctx.keep(PolicyServer(policy("enforce")))
    server = relay(ctx, {"foreign.example": ZONE}, tls_ca_file=authority().ca)
    for number, domain in enumerate(["a.many.example", "foreign.example", "b.many.example"], 1):
        send(server, domain)
        peer.wait(number, 30 * ctx.patience)
    wait_queue_empty(server)
    check_equal(peer.connections, 1, "connections")


def test_announced_certificates_hold_for_the_domain_that_dnssec_vouches_for(ctx):
    pair = good_pair()
    peer = host(ctx, "127.0.0.73", pair=pair)
    server = relay(ctx, {"foreign.example": ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73",
                                             f"_25._tcp.mx 60 IN TLSA 3 1 1 {'0' * 64}"]}, signed=["foreign.example"])
    send(server, "a.many.example")
    peer.wait(1, 30 * ctx.patience)
    send(server, "foreign.example")
    check("TLSA" in deferred(server)[0]["reply"], "the reason")
    check_equal((arrived(peer), queued(server)), ({"a.many.example"}, 1), "what came, what waits")


def test_a_connection_that_dane_has_verified_carries_others_and_not_the_other_way_round(ctx):
    pair = good_pair()
    peer = host(ctx, "127.0.0.73", pair=pair)
    server = relay(ctx, {"foreign.example": ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73",
                                             f"_25._tcp.mx 60 IN TLSA 3 1 1 {digest_of(pair)}"]},
                   signed=["foreign.example"])
    send(server, "a.many.example")
    peer.wait(1, 30 * ctx.patience)
    send(server, "foreign.example")
    peer.wait(2, 30 * ctx.patience)
    check_equal(peer.connections, 2, "connections: the second one is DANE's")
    send(server, "b.many.example")
    peer.wait(3, 30 * ctx.patience)
    wait_queue_empty(server)
    check_equal(peer.connections, 2, "connections")
