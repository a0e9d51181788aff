"""Senders hear what they asked to hear (RFC 3461): failure, delay, success; and nobody hears what nobody asked."""

import email
import email.policy
import time

from _peers import next_hop, nobody_listens, relaying, report_of, wait_queue_empty
from lib import check, check_equal, wait_until

BODY = b"From: sender@example.test\r\nSubject: the original\r\n\r\nall of the text\r\n"


def send(server, recipients, mail="", source=None, sender="sender@example.test"):
    """`recipients`: lines of what follows RCPT TO:."""
    with server.client(source=source) as client:
        client.greet()
        client.command(f"MAIL FROM:<{sender}>{mail}", 250)
        for recipient in recipients:
            client.command(f"RCPT TO:{recipient}", 250)
        client.command("DATA", 354)
        client.write(BODY.replace(b"sender@example.test", sender.encode()) + b".\r\n")
        client.expect(250, "final dot")


def test_failure_names_everything_the_sender_gave(ctx):
    peer = ctx.peer(replies={"RCPT": lambda _, command: "550-5.1.1 no such\r\n550 5.1.1 user" if "gone" in command else "250 ok"})
    server = ctx.server(config=relaying(peer))
    send(server, ["<gone@foreign.example> NOTIFY=FAILURE ORCPT=rfc822;first+2Btag@foreign.example", "<there@foreign.example>"],
         " RET=FULL ENVID=QQ+2B314")
    [mail] = server.wait_mail("sender")
    _, fields, returned = report_of(mail)
    check_equal(fields[0]["Original-Envelope-Id"], "QQ+314", "Original-Envelope-Id")
    check(fields[0]["Arrival-Date"], "no Arrival-Date")
    [recipient] = fields[1:]
    check_equal(recipient["Original-Recipient"], "rfc822; first+tag@foreign.example", "Original-Recipient")
    check_equal(recipient["Final-Recipient"], "rfc822; gone@foreign.example", "Final-Recipient")
    check_equal((recipient["Action"], recipient["Status"]), ("failed", "5.1.1"), "Action and Status")
    check(recipient["Remote-MTA"].startswith("dns; "), f"Remote-MTA: {recipient['Remote-MTA']}")
    check(recipient["Diagnostic-Code"].startswith("smtp; 550 5.1.1 "), f"Diagnostic-Code: {recipient['Diagnostic-Code']}")
    check(recipient["Last-Attempt-Date"], "no Last-Attempt-Date")
    check_equal(returned.get_content_type(), "message/rfc822", "what is returned for RET=FULL")
    check("all of the text" in returned.as_string(), "the text of the original is not returned")
    wait_queue_empty(server)


def test_success_is_reported_by_whoever_comes_last(ctx):
    plain, dsn = ctx.peer(), next_hop(ctx)
    routes = [{"domain": "plain.example", "next_hop": plain.next_hop}, {"domain": "dsn.example", "next_hop": dsn.next_hop}]
    server = ctx.server(config=relaying(plain) | {"route": routes})
    send(server, ["<happy@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;happy@example.test"], " ENVID=local")
    send(server, ["<a@plain.example> NOTIFY=SUCCESS"], " ENVID=plain")
    send(server, ["<a@dsn.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@dsn.example"], " ENVID=handed+2Bon RET=HDRS")
    send(server, ["<quiet@example.test>", "<silent@example.test> NOTIFY=NEVER"], " ENVID=unasked")
    reports = [report_of(mail) for mail in server.wait_mail("sender", 2)]
    said = {fields[0]["Original-Envelope-Id"]: fields[1] for _, fields, _ in reports}
    check_equal(sorted(said), ["local", "plain"], "envelope IDs of the reports")
    check_equal((said["local"]["Action"], said["local"]["Status"]), ("delivered", "2.0.0"), "report of the Maildir delivery")
    check_equal(said["local"]["Final-Recipient"], "rfc822; happy@example.test", "Final-Recipient")
    check_equal(said["plain"]["Action"], "relayed", "Action behind a host without DSN")
    check(said["plain"]["Diagnostic-Code"].startswith("smtp; 250"), f"Diagnostic-Code: {said['plain']['Diagnostic-Code']}")
    dsn.wait(1)
    mail, [recipient] = dsn.messages[0]["mail"], dsn.messages[0]["rcpt"]
    check(" RET=HDRS" in mail and " ENVID=handed+2Bon" in mail, f"MAIL to a host with DSN: {mail}")
    check(" NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@dsn.example" in recipient, f"RCPT to a host with DSN: {recipient}")
    wait_queue_empty(server)
    check_equal(len(server.maildir("example.test", "sender")), 2, "reports in the end")


def test_delay_is_told_once_and_survives_a_restart(ctx):
    server = ctx.server(config=relaying(nobody_listens(), delay_notice_after="1s"))
    send(server, ["<a@foreign.example>", "<b@foreign.example> NOTIFY=FAILURE"], " ENVID=late")
    send(server, ["<c@foreign.example>"], " ENVID=behind")
    reports = [report_of(mail) for mail in server.wait_mail("sender", 2, seconds=25)]
    check_equal(sorted(fields[0]["Original-Envelope-Id"] for _, fields, _ in reports), ["behind", "late"], "who was told")
    for _, fields, _ in reports:
        [recipient] = fields[1:]
        check_equal(recipient["Action"], "delayed", "Action")
        check(recipient["Status"].startswith("4."), f"Status: {recipient['Status']}")
        check(recipient["Will-Retry-Until"], "no Will-Retry-Until")
    server.restart(crash=True)
    server.cli("queue", "retry", "--all")
    time.sleep(2)
    check_equal(len(server.maildir("example.test", "sender")), 2, "notices after the restart")


def test_strangers_hear_nothing_where_policy_says_so(ctx):
    peer = ctx.peer(replies={"RCPT": "550 5.1.1 no such user"})
    config = {"domain": [{"name": "example.test", "deliver": peer.next_hop}]}
    server = ctx.server(config=relaying(peer, bounce_unverified=False) | config)
    send(server, ["<gone@example.test>"], source="127.0.0.2", sender="victim@foreign.example")
    drop = server.wait_event("drop")
    check("never verified" in drop["reason"], f"reason of the drop: {drop}")
    send(server, ["<gone@example.test>"], sender="known@foreign.example")
    check(server.wait_event("bounce"), "no bounce for a trusted network")
    wait_queue_empty(server)


def test_double_bounce_goes_to_the_postmaster(ctx):
    peer = ctx.peer(replies={"RCPT": "550 5.1.1 no such user"})
    server = ctx.server(config=relaying(peer, double_bounce="postmaster", double_bounce_to="postmaster@example.test"))
    send(server, ["<gone@foreign.example>"], sender="unreachable@other.example")
    [mail] = server.wait_mail("postmaster")
    _, fields, _ = report_of(mail)
    check_equal(fields[1]["Final-Recipient"], "rfc822; unreachable@other.example", "whose bounce could not be delivered")
    wait_queue_empty(server)


def test_international_report_has_utf8_addresses(ctx):
    peer = ctx.peer(replies={"EHLO": "250-peer.example\r\n250-8BITMIME\r\n250 SMTPUTF8", "RCPT": "550 5.1.1 no such user"})
    server = ctx.server(config=relaying(peer))
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<sender@example.test> SMTPUTF8", 250)
        client.command("RCPT TO:<jürgen@foreign.example> ORCPT=utf-8;j\\x{FC}rg@foreign.example", 250)
        client.command("DATA", 354)
        client.write(BODY + b".\r\n")
        client.expect(250, "final dot")
    [mail] = server.wait_mail("sender")
    message = email.message_from_bytes(mail, policy=email.policy.SMTPUTF8)
    part = list(message.iter_parts())[1]
    check_equal(part.get_content_type(), "message/global-delivery-status", "type of the second part")
    check("Final-Recipient: utf-8; jürgen@foreign.example\r\n".encode() in mail, "Final-Recipient is not in UTF-8")
    check("Original-Recipient: utf-8; jürg@foreign.example\r\n".encode() in mail, "Original-Recipient is not in UTF-8")
    wait_queue_empty(server)


def test_verp_names_the_recipient_in_the_sender(ctx):
    peer = ctx.peer(replies={"RCPT": lambda _, command: "550 5.1.1 no such user" if "gone" in command else "250 ok"})
    server = ctx.server(config=relaying(peer, verp_senders=["news@example.test"]))
    send(server, [f"<{name}@foreign.example>" for name in ("ann", "gone", "bob")], sender="news@example.test")
    peer.wait(2)
    check_equal(sorted((m["sender"], m["recipients"]) for m in peer.messages),
                [(f"news+{name}=foreign.example@example.test", [f"{name}@foreign.example"]) for name in ("ann", "bob")],
                "senders and recipients")
    [mail] = server.wait_mail("news+gone=foreign.example")
    check_equal(report_of(mail)[1][1]["Final-Recipient"], "rfc822; gone@foreign.example", "Final-Recipient")
    wait_queue_empty(server)


def test_words_are_the_operators(ctx):
    folder = ctx.folder / "reports"
    folder.mkdir()
    (folder / "failure.txt").write_text("Subject: Leider nicht\n\nGrüße von ${hostname}.\n${recipients}\n")
    peer = ctx.peer(replies={"RCPT": "550 5.1.1 no such user"})
    server = ctx.server(config=relaying(peer, report_templates=str(folder)))
    send(server, ["<gone@foreign.example>"])
    [mail] = server.wait_mail("sender")
    message, _, _ = report_of(mail)
    check_equal(message["Subject"], "Leider nicht", "Subject")
    text = next(message.iter_parts()).get_content()
    check("Grüße von mx.example.test." in text and "<gone@foreign.example>" in text, f"the text: {text}")
    wait_until(lambda: server.events("bounce"), 5, "the bounce in the log")
