"""What senders want of priority and time: urgent mail overtakes, held mail waits, and what is late is given back."""

import email
import threading
import time

import lib
from _peers import queued, relaying, report_of, rows, wait_queue_empty
from lib import ALICE, check, check_equal, wait_until

BODY = b"From: sender@example.test\r\nSubject: x\r\n\r\ntext\r\n"
SENDER = "sender@example.test"


def routed(ctx, routes, **queue):
    tables = [{"domain": domain, "next_hop": hop} for domain, hop in routes.items()]
    return ctx.server(config={"route": tables, "queue": {
        "retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"} | queue})


def send(server, recipient, parameters="", sender=SENDER):
    with server.client() as client:
        client.greet()
        return client.send(sender, [recipient], BODY, mail_params=parameters)


def report(server, count=1, seconds=15):
    """(fields of the message, fields of its recipient, the whole) of the newest report to the sender."""
    message, parts, _ = report_of(server.wait_mail("sender", count, seconds=seconds)[-1])
    return parts[0], parts[1], message


def said(peer, verb="MAIL"):
    return [command for command in list(peer.commands) if command.upper().startswith(verb)]


def test_urgent_mail_overtakes_a_full_queue_and_the_rest_flows_on(ctx):
    opened = threading.Event()

    def slowly(*_):
        opened.wait(60)
        time.sleep(0.01)
        return "250 2.1.0 ok"

    slow = ctx.peer(replies={"MAIL": slowly}, extensions=["MT-PRIORITY"])
    server = ctx.server(config={"route": [{"domain": "slow.example", "next_hop": slow.next_hop, "connections_max": 1}]})
    with server.client() as client:
        client.greet()
        for number in range(400):
            client.send(SENDER, [f"bulk{number}@slow.example"], BODY)
        for number in range(20):
            client.send(SENDER, [f"urgent{number}@slow.example"], BODY, mail_params="MT-PRIORITY=5")
    opened.set()
    wait_until(lambda: len(slow.messages) >= 30, 60 * server.patience, "the first thirty")
    first = [message["recipients"][0] for message in slow.messages[:30]]
    urgent = [name for name in first if name.startswith("urgent")]
    check_equal(len(urgent), 20, f"urgent messages among the first thirty: {first}")
    check(first.index(urgent[0]) <= 1, f"what was on its way went first, then the urgent: {first}")
    check(any(name.startswith("bulk") for name in first[2:12]), f"the bulk stood still: {first}")
    check(all("MT-PRIORITY=5" in message["mail"] for message in slow.messages[:30]
              if message["recipients"][0].startswith("urgent")), "the priority was not passed on")
    wait_until(lambda: len(slow.messages) == 420, 120 * server.patience, "all of it")
    wait_queue_empty(server)


def test_held_mail_leaves_at_its_time_and_not_before(ctx):
    peer = ctx.peer(extensions=["FUTURERELEASE 1000 2099-01-01T00:00:00Z"])
    server = ctx.secure_server(config=relaying(peer))
    arrived = {}

    def hold(recipient, parameters):
        with server.session("submission", who=ALICE) as client:
            return client.send("alice@example.test", [recipient], BODY.replace(b"sender", b"alice"), mail_params=parameters)

    started = time.time()
    soon = hold("soon@foreign.example", "HOLDFOR=3")
    later = hold("later@foreign.example", "HOLDFOR=6")
    record = rows(server.cli("queue", "show", soon, "--json"))[0]
    listed = server.cli("queue", "list")
    check("held until" in listed and "by its sender" in listed, f"queue list does not tell of the hold:\n{listed}")
    explained = server.cli("queue", "explain", later)
    check("held by its sender" in explained, explained)
    check(record, "queue show")
    server.cli("queue", "retry", "--all")
    server.restart()
    check_equal(len(peer.messages), 0, "messages that left early")
    peer.wait(1, 10)
    arrived["soon"] = time.time() - started
    peer.wait(2, 10)
    arrived["later"] = time.time() - started
    check(arrived["soon"] >= 3 and arrived["later"] >= 6, f"too early: {arrived}")
    check(arrived["soon"] < 3 + 2 * server.patience, f"too late: {arrived}")
    check(not any("HOLD" in command for command in said(peer)), f"the hold was passed on: {said(peer)}")
    wait_queue_empty(server)


def test_what_is_late_is_given_back(ctx):
    server = routed(ctx, {"down.example": f"smtp://127.0.0.1:{lib.free_port()}"})
    started = time.time()
    send(server, "rcpt@down.example", "BY=3;R")
    about, recipient, whole = report(server)
    took = time.time() - started
    check(3 <= took < 3 + 3 * server.patience, f"given back after {took:.1f} s")
    check_equal(recipient["Action"], "failed", "action")
    check_equal(recipient["Status"], "5.4.7", "status")
    check(email.utils.parsedate_to_datetime(about["Deliver-By-Date"]), "Deliver-By-Date")
    check("rcpt@down.example" in recipient["Final-Recipient"], recipient["Final-Recipient"])
    check_equal(str(whole["To"]), SENDER, "the report goes to the sender")
    wait_queue_empty(server)


def test_a_notice_at_the_time_that_the_sender_names(ctx):
    port = lib.free_port()
    server = routed(ctx, {"down.example": f"smtp://127.0.0.1:{port}"})
    started = time.time()
    send(server, "rcpt@down.example", "BY=2;N")
    _, recipient, _ = report(server)
    took = time.time() - started
    check(2 <= took < 2 + 3 * server.patience, f"told after {took:.1f} s")
    check_equal(recipient["Action"], "delayed", "action")
    check_equal(queued(server), 1, "messages that wait on")
    late = ctx.peer(port=port, extensions=["DELIVERBY"])
    late.wait(1, 30)
    wait_queue_empty(server)
    check_equal(len(server.maildir("example.test", "sender")), 1, "reports: the notice, once")


def test_deadline_is_passed_on_to_who_keeps_it_and_to_nobody_else(ctx):
    keeps = ctx.peer(extensions=["DELIVERBY", "MT-PRIORITY", "DSN"])
    wants_more = ctx.peer(extensions=["DELIVERBY 7200"])
    plain = ctx.peer()
    server = routed(ctx, {"keeps.example": keeps.next_hop, "more.example": wants_more.next_hop,
                          "plain.example": plain.next_hop})
    send(server, "rcpt@keeps.example", "BY=3600;R MT-PRIORITY=-3")
    keeps.wait(1)
    mail = keeps.messages[0]["mail"]
    check("MT-PRIORITY=-3" in mail and ";R" in mail, mail)
    left = int(mail.split("BY=")[1].split(";")[0])
    check(3580 <= left <= 3600, f"the time that is left: {mail}")

    send(server, "rcpt@plain.example", "BY=3600;R")
    _, recipient, _ = report(server, 1)
    check_equal((recipient["Action"], recipient["Status"]), ("failed", "5.4.7"), "R to who does not know of deadlines")
    check("does not offer DELIVERBY" in recipient["Diagnostic-Code"], recipient["Diagnostic-Code"])
    send(server, "rcpt@more.example", "BY=3600;R")
    report(server, 2)
    check_equal(len(wants_more.messages) + len(plain.messages), 0, "messages that went where they must not")

    send(server, "rcpt@plain.example", "BY=3600;N MT-PRIORITY=3")
    plain.wait(1)
    check(not any("BY=" in c or "MT-PRIORITY" in c for c in said(plain)), f"not offered, but said: {said(plain)}")
    _, recipient, _ = report(server, 3)
    check_equal(recipient["Action"], "relayed", "N to who does not know of deadlines")
    send(server, "rcpt@keeps.example", "BY=3600;NT")
    _, recipient, _ = report(server, 4)
    check_equal(recipient["Action"], "relayed", "a trace of every step")
    wait_queue_empty(server)
