"""A signed zone says which certificate a mail host shows (DANE): mail goes there encrypted to that one and to nobody else,
never in clear text. Where nothing is announced TLS is used as it comes."""

import subprocess

from _peers import queued, wait_queue_empty
from lib import check, check_equal, wait_until
from mail_goes_by_mx import BODY, host
from support.certificates import authority, openssl
from support.name_server import NameServer

RETRY = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}


def digest_of(pair):
    """SHA-256 of the public key of a certificate, as a TLSA record with 1 1 has it."""
    pem = openssl("x509", "-in", getattr(pair, "certificate", pair), "-noout", "-pubkey")
    run = subprocess.run("openssl pkey -pubin -outform DER | openssl dgst -sha256 -r", shell=True, input=pem.encode(),
                         capture_output=True, check=True, timeout=60)
    return run.stdout.split()[0].decode()


def zone(records):
    """The zone of foreign.example with these TLSA records for its one host."""
    return ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73",
            *(f"_25._tcp.mx 60 IN TLSA {record}" for record in records)]


def relay(ctx, records, route=None):
    """A server that validates, with the signed zone."""
    names = ctx.name_server({"foreign.example": zone(records)}, signed={"foreign.example"})
    config = {"dns": {"servers": [names.address], "dnssec_trust_anchor": names.trust_anchor}, "queue": RETRY,
              "route": [{"domain": "*", "next_hop": "mx", **(route or {})}]}
    return ctx.server(config=config)


def certificate(label="-dane", names=("mx.foreign.example",)):
    return authority().server(names=names, label=label)


def handshakes(server):
    return [event for event in server.events("tls") if "127.0.0.73" in event.get("remote", "")]


def test_mail_goes_to_the_announced_certificate(ctx):
    pair = certificate()
    peer = host(ctx, "127.0.0.73", pair=pair)
    server = relay(ctx, [f"3 1 1 {digest_of(pair)}"])
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    check(peer.wait(1, 30 * ctx.patience)[0]["tls"] is not None, "it came in clear text")
    wait_queue_empty(server)
    event = handshakes(server)[0]
    check_equal((event["result"], event["verified"], event["verified_by"]), ("ok", True, "dane-ee"), "the handshake")


def test_an_announced_authority_vouches_for_its_certificates(ctx):
    pair = certificate()
    chain = pair.copy(ctx.folder, "chain")
    with open(chain.certificate, "a") as out, open(authority().ca) as ca:
        out.write(ca.read())
    peer = host(ctx, "127.0.0.73", pair=chain)
    server = relay(ctx, [f"2 1 1 {digest_of(authority().ca)}"])
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    peer.wait(1, 30 * ctx.patience)
    wait_queue_empty(server)
    check_equal(handshakes(server)[0]["verified_by"], "dane-ta", "the handshake")


def test_another_certificate_gets_nothing_and_neither_does_a_host_without_tls(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    server = relay(ctx, [f"3 1 1 {'0' * 64}"])
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: len(server.events("defer")) >= 2, 30 * ctx.patience, "two deferrals")
    event = server.events("defer")[0]
    check_equal(event["enhanced"], "4.7.5", "enhanced code")
    check("TLSA" in event["reply"], f"the reason: {event}")
    peer.tls = None  # STARTTLS is not offered any more
    wait_until(lambda: server.events("defer")[-1]["enhanced"] == "4.7.4", 30 * ctx.patience, "a deferral without TLS")
    check(not any(line.startswith("MAIL") for line in peer.commands), f"mail was offered: {peer.commands}")
    check_equal((queued(server), peer.messages), (1, []), "queued, and taken by the peer")


def test_without_records_tls_is_opportunistic(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    server = relay(ctx, [])
    server.send("first@foreign.example", BODY, sender="sender@example.test")
    check(peer.wait(1, 30 * ctx.patience)[0]["tls"] is not None, "TLS was offered and not used")
    check_equal(handshakes(server)[0]["verified_by"], "none", "nobody vouches for the certificate")
    wait_queue_empty(server)
    peer.tls = None
    wait_until(lambda: peer.connections_now == 0, 30 * ctx.patience, "the end of the connection")
    server.send("second@foreign.example", BODY, sender="sender@example.test")
    check_equal(peer.wait(2, 30 * ctx.patience)[1]["tls"], None, "in clear text")
    wait_queue_empty(server)


def test_records_that_are_forged_are_no_way_to_clear_text(ctx):
    """The trust anchor is another zone key than the one that signs: everything the DNS says is forged."""
    peer = host(ctx, "127.0.0.73", pair=certificate())
    names = ctx.name_server({"foreign.example": zone([])}, signed={"foreign.example"})
    other = NameServer(ctx.folder / "other", {"foreign.example": zone([])}, signed={"foreign.example"})
    other.stop()
    server = ctx.server(config={"dns": {"servers": [names.address], "dnssec_trust_anchor": other.trust_anchor},
                                "queue": RETRY})
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: server.events("defer"), 60 * ctx.patience, "a deferral")
    check_equal(server.events("defer")[0]["enhanced"], "4.4.3", "enhanced code")
    check_equal(peer.connections, 0, "connections")


def test_a_route_that_wants_dane_waits_for_records(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    server = relay(ctx, [], route={"tls": "dane"})
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: server.events("defer"), 30 * ctx.patience, "a deferral")
    check_equal(server.events("defer")[0]["enhanced"], "4.7.4", "enhanced code")
    check_equal(peer.connections, 0, "connections")
