"""REQUIRETLS and "TLS-Required: No" (RFC 8689): mail that needs TLS goes verified TLS all the way, or back to its sender;
mail that does without goes although the receiving domain's TLS is broken."""

import json

from _peers import queued, report_of, rows, wait_queue_empty
from dane_decides_about_tls import RETRY, certificate, digest_of, zone
from lib import check, check_equal, free_port, wait_until
from mail_goes_by_mx import BODY, host
from mta_sts_policies_are_obeyed import PolicyServer, ZONE, policy
from support.certificates import HOST, authority
from support.people import client_context

NO_TLS_NEEDED = b"From: sender@example.test\r\nTLS-Required: No\r\nSubject: your certificate\r\n\r\nis broken\r\n"
SECRET = b"From: sender@example.test\r\nSubject: secret\r\n\r\nthe body\r\n"
SENDER = "sender@example.test"  # a mailbox here: bounces arrive


def names_of(ctx, records):
    return ctx.name_server({"foreign.example": zone(records)}, signed={"foreign.example"})


def relay(ctx, names, route=None, signed=True):
    """A server with TLS that finds its way by these names."""
    dns = {"servers": [names.address]} | ({"dnssec_trust_anchor": names.trust_anchor} if signed else {})
    return ctx.server(name="relay", config={
        "tls": {"certificates": [authority().server().setting]}, "dns": dns, "queue": RETRY,
        "route": [{"domain": "*", "next_hop": "mx", "tls_ca_file": authority().ca, **(route or {})}]})


def send(server, body=SECRET, to="rcpt@foreign.example", params="REQUIRETLS"):
    with server.client() as client:
        client.greet().starttls(client_context(), HOST)
        check("REQUIRETLS" in client.extensions, f"not offered under TLS: {client.extensions}")
        return client.send(SENDER, to, body, mail_params=params)


def bounce(server):
    """Of the only report in the sender's mailbox: all of it, the fields, and what is returned."""
    return report_of(server.wait_mail("sender", seconds=30)[0])


def test_two_servers_keep_the_promise_in_a_row(ctx):
    pair = certificate()
    last = host(ctx, "127.0.0.73", pair=pair, extensions=["REQUIRETLS"])
    names = names_of(ctx, [f"3 1 1 {digest_of(pair)}"])
    second = relay(ctx, names)
    own = {"domain": "*", "next_hop": f"smtp://localhost:{second.port}", "tls_ca_file": authority().ca}
    first = ctx.server(name="first", config={"tls": {"certificates": [authority().server().setting]}, "queue": RETRY,
                                             "route": [own]})
    message = send(first)
    arrived = last.wait(1, 30 * ctx.patience)[0]
    check(arrived["mail"].endswith(" REQUIRETLS"), f"the last hop heard {arrived['mail']}")
    check(arrived["tls"] is not None, "the last hop got it in clear text")
    accepts = [event for server in (first, second) for event in server.events("accept")]
    check_equal([event.get("tls_wish") for event in accepts], ["required", "required"], "in both logs")
    wait_queue_empty(first)
    wait_queue_empty(second)
    check(first.events("deliver")[0]["message"] == message, "delivered by the first")
    second.send("open@foreign.example", BODY, sender=SENDER)
    check("REQUIRETLS" not in last.wait(2, 30 * ctx.patience)[1]["mail"], "said of mail that does not ask for it")


def test_a_host_that_cannot_promise_it_gets_nothing_and_the_sender_hears_at_once(ctx):
    pair = certificate()
    peer = host(ctx, "127.0.0.73", pair=pair)
    server = relay(ctx, names_of(ctx, [f"3 1 1 {digest_of(pair)}"]))
    send(server, params="RET=FULL REQUIRETLS")
    whole, fields, returned = bounce(server)
    check_equal((fields[1]["Status"], fields[1]["Action"]), ("5.7.30", "failed"), "the report")
    check("REQUIRETLS" in fields[1]["Diagnostic-Code"], f"the reason: {fields[1]}")
    check_equal(returned.get_content_type(), "text/rfc822-headers", "RET=FULL is disregarded")
    check("the body" not in str(whole), "the report quotes the body")
    check_equal((peer.messages, any(c.startswith("MAIL") for c in peer.commands)), ([], False), "at the peer")
    # The host is not down for that: other mail goes there.
    server.send("other@foreign.example", BODY, sender=SENDER)
    peer.wait(1, 20 * ctx.patience)


def test_without_tls_it_is_5_7_10(ctx):
    host(ctx, "127.0.0.73", extensions=["REQUIRETLS"])
    server = relay(ctx, names_of(ctx, []))
    send(server)
    check_equal(bounce(server)[1][1]["Status"], "5.7.10", "the report")


def test_a_route_without_tls_gives_it_back(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate(), extensions=["REQUIRETLS"])
    server = relay(ctx, names_of(ctx, []), route={"tls": "off"})
    send(server)
    fields = bounce(server)[1]
    check_equal(fields[1]["Status"], "5.7.10", "the report")
    check("switched off" in fields[1]["Diagnostic-Code"], f"the reason: {fields[1]}")
    check_equal(peer.connections, 0, "connections")


def test_a_host_that_an_mta_sts_policy_names_will_do(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate(), extensions=["REQUIRETLS"])
    ctx.keep(PolicyServer(policy("testing")))
    names = ctx.name_server({"foreign.example": ZONE})
    server = relay(ctx, names, signed=False)
    send(server)
    check(peer.wait(1, 30 * ctx.patience)[0]["mail"].endswith(" REQUIRETLS"), "what the peer heard")


def test_a_host_that_nobody_vouches_for_will_not(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate(), extensions=["REQUIRETLS"])
    names = ctx.name_server({"foreign.example": zone([])})
    server = relay(ctx, names, signed=False)
    send(server)
    check_equal(bounce(server)[1][1]["Status"], "5.7.10", "the report")
    check_equal(peer.messages, [], "taken by the peer")


def test_a_bounce_of_it_is_guarded_where_that_can_be_and_is_sent_in_any_case(ctx):
    pair = certificate()
    peer = host(ctx, "127.0.0.73", pair=pair, extensions=["REQUIRETLS"],
                replies={"RCPT": lambda _, line: "550 5.1.1 nobody" if "nobody@" in line else "250 2.1.5 ok"})
    server = relay(ctx, names_of(ctx, [f"3 1 1 {digest_of(pair)}"]))

    def bounced():
        with server.client() as client:
            client.greet().starttls(client_context(), HOST)
            client.send("back@foreign.example", "nobody@foreign.example", SECRET, mail_params="REQUIRETLS")

    def reports():
        return [message["mail"] for message in peer.messages if message["sender"] == ""]

    bounced()
    wait_until(lambda: len(reports()) == 1, 30 * ctx.patience, "the first bounce")
    check(reports()[0].endswith(" REQUIRETLS"), f"of the first bounce: {reports()}")
    # The keyword is not said any more: the message comes back without having been offered, and the bounce still comes.
    peer.extensions.clear()
    wait_until(lambda: peer.connections_now == 0, 30 * ctx.patience, "the end of the connection")
    bounced()
    wait_until(lambda: len(reports()) == 2, 30 * ctx.patience, "the second bounce")
    check("REQUIRETLS" not in reports()[1], f"of the second bounce: {reports()}")


def test_tls_that_is_not_required_gets_through_where_dane_is_broken(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    server = relay(ctx, names_of(ctx, [f"3 1 1 {'0' * 64}"]))
    server.send("kept@foreign.example", BODY, sender=SENDER)
    wait_until(lambda: server.events("defer"), 30 * ctx.patience, "the deferral of other mail")
    server.send("told@foreign.example", NO_TLS_NEEDED, sender=SENDER)
    arrived = peer.wait(1, 30 * ctx.patience)[0]
    check_equal(arrived["recipients"], ["told@foreign.example"], "recipients")
    check(arrived["tls"] is not None, "TLS was offered and not used")
    check(b"TLS-Required: No" in arrived["body"], "the field is handed on")
    check_equal(server.events("accept")[-1]["tls_wish"], "optional", "in the log")
    peer.tls = None  # and in clear text where there is nothing else
    wait_until(lambda: peer.connections_now == 0, 30 * ctx.patience, "the end of the connection")
    server.send("told@foreign.example", NO_TLS_NEEDED, sender=SENDER)
    check_equal(peer.wait(2, 30 * ctx.patience)[1]["tls"], None, "in clear text")
    check_equal(queued(server), 1, "other mail waits")


def test_the_operators_own_wish_stands(ctx):
    peer = host(ctx, "127.0.0.73")
    server = relay(ctx, names_of(ctx, []), route={"tls": "required"})
    server.send("rcpt@foreign.example", NO_TLS_NEEDED, sender=SENDER)
    wait_until(lambda: server.events("defer"), 30 * ctx.patience, "a deferral")
    check_equal((server.events("defer")[0]["enhanced"], peer.messages), ("4.7.4", []), "enhanced code, taken")


def test_show_and_summary_tell_what_was_asked_for(ctx):
    port = free_port()  # nobody is there
    server = ctx.server(config={"tls": {"certificates": [authority().server().setting]}, "queue": RETRY,
                                "route": [{"domain": "*", "next_hop": f"smtp://localhost:{port}"}]})
    required = send(server)
    optional = server.send("rcpt@foreign.example", NO_TLS_NEEDED, sender=SENDER)
    shown = [json.loads(server.cli("queue", "show", message, "--json")) for message in (required, optional)]
    check_equal([record["tls_wish"] for record in shown], ["required", "optional"], "shown")
    summary = {row["destination"] for row in rows(server.cli("queue", "summary", "--json")) if "destination" in row}
    check_equal(summary, {f"smtp://localhost:{port},requiretls", f"smtp://localhost:{port},tls-optional"}, "destinations")
    check(f"smtp://localhost:{port},requiretls" in server.cli("explain", required), "explained")


def test_a_sibling_gets_it_over_verified_tls_only(ctx):
    port = free_port()  # nobody is there yet
    handing = [{"address": "127.0.0.1:0", "role": "mx", "handoff_from": ["127.0.0.1/32"]}]
    own = {"tls": {"certificates": [authority().server().setting]}, "queue": {"min_free_disk": "16MiB"},
           "route": [{"domain": "*", "next_hop": f"smtp://localhost:{port}", "tls_ca_file": authority().ca}]}
    sibling = ctx.server(name="sibling", config=own | {"listener": handing})
    for word, left in (("127.0.0.1", 1), ("localhost", 0)):
        give = {"siblings": [f"smtp://{word}:{sibling.port}"], "tls_ca_file": authority().ca, "give_up_after": "3s"}
        node = ctx.server(name=f"node{left}", config=own | {"handoff": give})
        send(node)
        node.cli("drain", "--handoff")
        process, node.process = node.process, None
        check_equal(process.wait(60 * ctx.patience), left, f"exit status\n{node.tail()}")
    check_equal([event.get("tls_wish") for event in sibling.events("accept")], ["required"], "what the sibling has")
