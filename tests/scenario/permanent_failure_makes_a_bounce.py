"""Who cannot be reached is told to the sender, as RFC 3464 wants it: readable by people and by programs."""

from _peers import nobody_listens, relaying, report_of, wait_queue_empty
from lib import check, check_equal

BODY = b"From: sender@example.test\r\nSubject: the original\r\nMessage-ID: <original@example.test>\r\n\r\ntext\r\n"


def test_permanent_failure_makes_a_bounce(ctx):
    peer = ctx.peer(replies={"RCPT": lambda _, command: "550 5.1.1 no such user" if "gone" in command else "250 2.1.5 ok"})
    server = ctx.server(config=relaying(peer))
    server.send(["gone@foreign.example", "there@foreign.example"], BODY, sender="sender@example.test")
    [mail] = server.wait_mail("sender")
    check(mail.startswith(b"Return-Path: <>"), f"the bounce has a sender: {mail[:60]!r}")
    message, fields, returned = report_of(mail)
    check(message["To"] and "sender@example.test" in message["To"], f"To of the bounce is {message['To']}")
    check(message["From"] and message["Date"] and message["Message-ID"] and message["Subject"], "the bounce lacks a field")
    check("dns" in fields[0]["Reporting-MTA"].lower() and "mx.example.test" in fields[0]["Reporting-MTA"], "Reporting-MTA")
    check_equal(len(fields), 2, "groups of fields: one for the message, one for the recipient that failed")
    recipient = fields[1]
    check("gone@foreign.example" in recipient["Final-Recipient"] and recipient["Final-Recipient"].startswith("rfc822"),
          f"Final-Recipient: {recipient['Final-Recipient']}")
    check_equal(recipient["Action"], "failed", "Action")
    check_equal(recipient["Status"], "5.1.1", "Status")
    check("550 5.1.1 no such user" in recipient["Diagnostic-Code"] and recipient["Diagnostic-Code"].startswith("smtp"),
          f"Diagnostic-Code: {recipient['Diagnostic-Code']}")
    check("original@example.test" in str(returned), "the original's header is not returned")
    check(b"gone@foreign.example" in mail.partition(b"message/delivery-status")[0], "the text does not name the recipient")
    peer.wait(1)
    check_equal(peer.messages[0]["recipients"], ["there@foreign.example"], "who was reached")
    wait_queue_empty(server)


def test_notify_never_makes_no_bounce(ctx):
    peer = ctx.peer(replies={"RCPT": "550 5.1.1 no such user"})
    server = ctx.server(config=relaying(peer))
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<sender@example.test>", 250)
        client.command("RCPT TO:<gone@foreign.example> NOTIFY=NEVER", 250)
        client.command("DATA", 354)
        client.write(BODY + b".\r\n")
        client.expect(250, "final dot")
    wait_queue_empty(server)
    check_equal(server.maildir("example.test", "sender"), [], "mail of the sender")


def test_a_message_too_old_is_returned(ctx):
    config = relaying(nobody_listens())
    config["queue"]["max_age"] = "3s"
    server = ctx.server(config=config)
    server.send("never@foreign.example", BODY, sender="sender@example.test")
    [mail] = server.wait_mail("sender", seconds=20)
    _, fields, _ = report_of(mail)
    check_equal(fields[1]["Action"], "failed", "Action")
    check(fields[1]["Status"].startswith(("4.4.", "5.4.")), f"Status of what was never reached: {fields[1]['Status']}")
    wait_queue_empty(server)
