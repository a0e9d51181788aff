"""A node that leaves gives what it has queued to another one, with all that was promised with it, and loses nothing."""

import collections
import json
import re
import time

from _peers import queued, relaying, report_of, rows, wait_queue_empty, without_our_fields
from lib import ALICE, check, check_equal, free_port, wait_until

BODY = "From: alice@example.test\r\nSubject: grüße\r\n\r\n.a dot\r\n..two\r\nno end".encode() + b"\r\n"
LATER = {"retry": {"first": "1h", "factor": 1.0, "max": "1h"}}


def foreign(port):
    return relaying(f"smtp://127.0.0.1:{port}", **LATER)


def staying(ctx, port, name="staying", **more):
    """The sibling: it takes what nodes on this machine hand over."""
    return ctx.server(name=name, config=foreign(port) | {
        "listener": [{"address": "127.0.0.1:0", "role": "mx", "handoff_from": ["127.0.0.1/32"]}]} | more)


def siblings(*servers):
    return {"handoff": {"siblings": [f"smtp://127.0.0.1:{s.port}" for s in servers], "give_up_after": "3s"}}


def hand_off(server, expect):
    """`drain --handoff`: the process ends by itself with this status. Returns what it said last."""
    server.cli("drain", "--handoff")
    process, server.process = server.process, None
    code = process.wait(60 * server.patience)
    server.check_sanitizers()
    check_equal(code, expect, f"exit status after drain --handoff\n{server.tail()}")
    return server.log_events("stop", since_start=True)


def shown(server, message):
    return json.loads(server.cli("queue", "show", message, "--json"))


def promised(record):
    """What a message must keep wherever it lies."""
    kept = {key: record.get(key) for key in ("from", "received", "origin", "ret", "envid", "priority", "held_until",
                                             "deliver_by", "when_late")}
    return kept | {"recipients": sorted((r["address"], str(r.get("notify")), r.get("orcpt")) for r in record["recipients"])}


def bodies(peer):
    return [message["body"] for message in list(peer.messages)]


def submit(server, port):
    """One message of alice, logged in and with wishes, which is deferred for an hour, and ten more of a client behind it."""
    with server.session("submission", who=ALICE) as client:
        client.command("MAIL FROM:<alice@example.test> BODY=8BITMIME RET=HDRS ENVID=QQ314159 "
                       "MT-PRIORITY=5 BY=86400;N", 250)
        client.command("RCPT TO:<far@foreign.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@foreign.example", 250)
        client.command("RCPT TO:<away@foreign.example> NOTIFY=NEVER", 250)
        client.command("DATA", 354)
        client.write(BODY.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        ids = [str(client.expect(250, "final dot")).split(" as ")[1][:26]]
    wait_until(lambda: all(r["state"] == "deferred" for r in shown(server, ids[0])["recipients"]), 20 * server.patience,
               "alice's message is deferred")
    for number in range(10):
        ids.append(server.send(f"far{number}@foreign.example", f"Subject: {number}\r\n\r\nwords\r\n", sender="app@example.net"))
    return ids


def test_a_drained_node_hands_its_mail_to_a_sibling(ctx):
    port = free_port()
    sibling = staying(ctx, port)
    node = ctx.secure_server(name="leaving", config=foreign(port) | siblings(sibling))
    ids = submit(node, port)
    before = {message: promised(shown(node, message)) for message in ids}
    time.sleep(1.1)  # so that a time which was not kept shows
    hand_off(node, expect=0)

    handed = {event["original"]: event["message"] for event in sibling.events("accept") if "original" in event}
    check_equal(sorted(handed), sorted(ids), "messages that the sibling took")
    for message in ids:
        check_equal(promised(shown(sibling, handed[message])), before[message], f"what {message} keeps at the sibling")
    check_equal({e["event"] for e in node.log_events() if e.get("message") in ids} & {"bounce", "deliver", "drop"}, set(),
                "verdicts at the node that left")
    node.start()
    check_equal(queued(node), 0, "messages left at the node that left")

    peer = ctx.peer(port=port)
    sibling.cli("queue", "retry", "--all")
    peer.wait(len(ids))
    wait_queue_empty(sibling)
    [whole] = [m for m in peer.messages if m["sender"] == "alice@example.test"]
    without_our_fields(whole["body"], BODY)
    check_equal(sorted(whole["recipients"]), ["away@foreign.example", "far@foreign.example"], "recipients of alice's message")
    for body in bodies(peer):
        check_equal(len(re.findall(rb"^Received:", body, re.M)), 2, f"Received fields in {body!r}")
    # The next hop offers no DSN, so the last of us who knew the wish tells of the success, and only of whom it was for.
    [report] = sibling.wait_mail("alice")
    _, fields, _ = report_of(report)
    check_equal(fields[0]["Original-Envelope-Id"], "QQ314159", "Original-Envelope-Id")
    check_equal([f["Action"] for f in fields[1:]], ["relayed"], "Action")
    check_equal(fields[1]["Original-Recipient"].replace(" ", ""), "rfc822;first@foreign.example", "Original-Recipient")
    check_equal(node.maildir("example.test", "alice"), [], "reports by the node that left")


def test_a_sibling_that_is_killed_meanwhile_loses_nothing(ctx):
    port = free_port()
    sibling = staying(ctx, port)
    config = foreign(port) | siblings(sibling)
    config["handoff"]["give_up_after"] = "60s"
    node = ctx.server(name="leaving", config=config)
    tokens = {f"token-{i}-end" for i in range(400)}
    with node.client() as client:
        client.greet()
        for token in tokens:
            client.send("app@example.net", f"{token}@foreign.example", f"Subject: {token}\r\n\r\n" + "words and more words\r\n" * 600)
    node.cli("drain", "--handoff", "--no-wait")
    wait_until(lambda: len(sibling.events("accept")) > 20, 30 * ctx.patience, "the sibling has taken some", 0.005)
    sibling.kill()
    before = len(sibling.events("accept"))
    sibling.start()
    code = node.process.wait(90 * ctx.patience)
    node.process = None
    check_equal(code, 0, f"exit status after drain --handoff\n{node.tail()}")
    check(before < len(tokens) and sibling.events("accept"), f"the kill came too late: {before} had been taken")

    peer = ctx.peer(port=port)
    sibling.cli("queue", "retry", "--all")
    wait_queue_empty(sibling, 60)
    arrived = collections.Counter(re.search(rb"token-[0-9]+-end", body).group().decode() for body in bodies(peer))
    check_equal(sorted(tokens - set(arrived)), [], "messages that are lost")
    twice = [token for token, count in arrived.items() if count > 1]
    check(len(twice) <= 16, f"{len(twice)} messages came twice; 8 connections can leave so many in doubt each time")


def test_what_nobody_takes_stays_and_the_status_says_so(ctx):
    port = free_port()
    stranger = ctx.server(name="stranger", config=foreign(port))
    node = ctx.server(name="leaving", config=foreign(port) | siblings(stranger))
    sent = [node.send(f"far{i}@foreign.example", sender="app@example.net") for i in range(3)]
    [said] = hand_off(node, expect=1)
    check("3 messages left" in said["reason"], f"the end says {said}")
    check("does not offer XHANDOFF" in node.log_text(), "the log does not say why")
    check_equal(queued(stranger), 0, "messages that a stranger got")
    node.start()
    check_equal(sorted(row["id"] for row in rows(node.cli("queue", "list", "--json"))), sorted(sent), "messages after the next start")


def test_what_a_sibling_refuses_and_what_is_held_stays(ctx):
    port = free_port()
    sibling = staying(ctx, port, limits={"message_size_max": "64KiB"})
    node = ctx.server(name="leaving", config=foreign(port) | siblings(sibling))
    held = node.send("held@foreign.example", sender="held@example.net")
    large = node.send("large@foreign.example", "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 3000, sender="app@example.net")
    node.send("far@foreign.example", sender="app@example.net")
    node.cli("queue", "hold", "--sender", "held@example.net")
    [said] = hand_off(node, expect=1)
    check("2 messages left" in said["reason"], f"the end says {said}")
    check_equal(len(sibling.events("accept")), 1, "messages that the sibling took")
    check_equal(node.maildir("example.net", "app") + sibling.maildir("example.net", "app"), [], "bounces")
    node.start()
    check_equal(sorted(row["id"] for row in rows(node.cli("queue", "list", "--json"))), sorted([held, large]), "messages left")


def test_of_two_siblings_the_one_that_is_down_costs_nothing(ctx):
    port = free_port()
    sibling = staying(ctx, port)
    config = foreign(port) | {"handoff": {"siblings": [f"smtp://127.0.0.1:{free_port()}", f"smtp://localhost:{sibling.port}"]}}
    node = ctx.server(name="leaving", config=config)
    for number in range(50):
        node.send(f"far{number}@foreign.example", sender="app@example.net")
    hand_off(node, expect=0)
    check_equal(len(sibling.events("accept")), 50, "messages that the sibling took")
