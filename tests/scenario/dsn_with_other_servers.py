"""DSN with Exim, OpenSMTPD and Postfix on either side of us: our parameters reach them and pass through, what they refuse comes
back as a bounce with their words, and what they hand to us with parameters is reported by us."""

import email
import email.policy

from _other_servers import exim, opensmtpd
from _peers import next_hop, postfix, relaying, report_of, wait_queue_empty
from lib import check, check_equal, free_port
from support.client import Client

PRESETS = ["release"]
TEXT = b"From: sender@example.test\r\nSubject: %s\r\n\r\ntext\r\n"


def say(client, recipients, mail="", subject=b"an original"):
    client.command(f"MAIL FROM:<sender@example.test>{mail}", 250)
    for recipient in recipients:
        client.command(f"RCPT TO:{recipient}", 250)
    client.command("DATA", 354)
    client.write(TEXT % subject + b".\r\n")
    client.expect(250, "final dot")


def chain(ctx, start, onward):
    """(ringpost, the other server): ringpost relays to it, and it hands ringpost what is for example.test."""
    back = free_port()
    other = start(ctx, back, onward.port)
    listener = {"listener": [{"address": f"127.0.0.1:{back}", "role": "mx"}]}
    return ctx.server(config=relaying(f"smtp://127.0.0.1:{other.port}") | listener), other


def parameters_pass_through(ctx, start):
    last = next_hop(ctx)
    server, _ = chain(ctx, start, last)
    with server.client() as client:
        client.greet()
        say(client, ["<a@here.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@here.example"], " RET=HDRS ENVID=through")
    [message] = last.wait(1, 30)
    check(" RET=HDRS" in message["mail"] and " ENVID=through" in message["mail"], f"MAIL behind it: {message['mail']}")
    [recipient] = message["rcpt"]
    check(" ORCPT=rfc822;first@here.example" in recipient, f"RCPT behind it: {recipient}")
    notify = recipient.split(" NOTIFY=")[1].split()[0]
    check_equal(sorted(notify.split(",")), ["FAILURE", "SUCCESS"], "NOTIFY behind it")
    wait_queue_empty(server)


def success_is_reported_by_it(ctx, start, name):
    plain = ctx.peer()  # knows no DSN: the other server has to report that it relayed
    server, _ = chain(ctx, start, plain)
    with server.client() as client:
        client.greet()
        say(client, ["<a@here.example> NOTIFY=SUCCESS ORCPT=rfc822;first@here.example"], " RET=HDRS ENVID=through")
    [mail] = server.wait_mail("sender", seconds=30)
    message = email.message_from_bytes(mail, policy=email.policy.SMTP)
    status = next(part for part in message.walk() if part.get_content_type() == "message/delivery-status")
    fields = status.get_payload()
    check_equal(fields[0]["Reporting-MTA"].replace(" ", ""), f"dns;{name}", "who reports")
    wait_queue_empty(server)
    check_equal(len(server.maildir("example.test", "sender")), 1, "reports in the end")
    return fields


def refusals_come_back(ctx, start, refusal, at_data=None):
    plain = ctx.peer()
    server, other = chain(ctx, start, plain)
    with server.client() as client:
        client.greet()
        say(client, ["<refused@here.example> ORCPT=rfc822;first@here.example", "<a@here.example>"], " ENVID=rcpt")
        if at_data:
            say(client, ["<b@here.example>"], " ENVID=data", b"please refuse the text")
    wanted = {"rcpt": ("refused@here.example", refusal)}
    if at_data:
        wanted["data"] = ("b@here.example", at_data)
    for mail in server.wait_mail("sender", len(wanted), seconds=20):
        _, fields, _ = report_of(mail)
        [recipient] = fields[1:]
        address, (status, words) = wanted.pop(fields[0]["Original-Envelope-Id"])
        check_equal(recipient["Final-Recipient"], f"rfc822; {address}", "Final-Recipient")
        check_equal((recipient["Action"], recipient["Status"]), ("failed", status), "Action and Status")
        check(words in recipient["Diagnostic-Code"], f"Diagnostic-Code: {recipient['Diagnostic-Code']}")
        check(recipient["Remote-MTA"].startswith("dns; "), f"Remote-MTA: {recipient['Remote-MTA']}")
    wait_queue_empty(server)
    with server.client() as client:
        client.greet()
        say(client, ["<later@here.example>"])
    deferred = server.wait_event("defer", seconds=20)
    check("451 4.7.1 come back later" in str(deferred), f"the deferral does not say why: {deferred}")
    check(other.process.poll() is None, "the other server ended")


def what_it_hands_us_is_reported(ctx, start):
    refusing = ctx.peer(replies={"RCPT": "550 5.1.1 no such user"})
    us = free_port()
    other = start(ctx, us, us)  # everything comes to us
    listener = {"listener": [{"address": f"127.0.0.1:{us}", "role": "mx"}]}
    server = ctx.server(config=relaying(refusing) | listener)
    with Client("127.0.0.1", other.port) as client:
        client.greet()
        say(client, ["<happy@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;glad@example.test"], " RET=HDRS ENVID=good")
        say(client, ["<gone@foreign.example> NOTIFY=FAILURE ORCPT=rfc822;first@foreign.example"], " RET=HDRS ENVID=bad")
    told = {}
    for mail in server.wait_mail("sender", 2, seconds=30):
        _, fields, returned = report_of(mail)
        check_equal(fields[0]["Reporting-MTA"], "dns; mx.example.test", "who reports")
        check(returned.get_content_type().endswith("rfc822-headers"), "RET=HDRS was not kept")
        told[fields[0]["Original-Envelope-Id"]] = fields[1]
    check_equal(sorted(told), ["bad", "good"], "envelope IDs of our reports")
    check_equal((told["good"]["Action"], told["good"]["Final-Recipient"]), ("delivered", "rfc822; happy@example.test"), "good")
    check_equal(told["good"]["Original-Recipient"], "rfc822; glad@example.test", "ORCPT of the good one")
    check_equal((told["bad"]["Action"], told["bad"]["Status"]), ("failed", "5.1.1"), "bad")
    check_equal(told["bad"]["Original-Recipient"], "rfc822; first@foreign.example", "ORCPT of the bad one")
    wait_queue_empty(server)


def test_our_parameters_pass_through_exim(ctx):
    parameters_pass_through(ctx, exim)


def test_our_parameters_pass_through_opensmtpd(ctx):
    parameters_pass_through(ctx, opensmtpd)


def test_exim_reports_what_we_asked_for(ctx):
    fields = success_is_reported_by_it(ctx, exim, "exim.example.com")
    check_equal(fields[1]["Action"], "delivered", "Action, which Exim calls so though it only relayed")
    check_equal(fields[1]["Original-Recipient"].replace(" ", ""), "rfc822;first@here.example", "Original-Recipient")
    check_equal(fields[0]["Original-Envelope-Id"], "through", "Original-Envelope-Id")


def test_opensmtpd_reports_what_we_asked_for(ctx):
    # Its reports name neither the envelope ID nor the original recipient, and are multipart/mixed.
    fields = success_is_reported_by_it(ctx, opensmtpd, "opensmtpd.example.com")
    check_equal(fields[1]["Action"], "relayed", "Action")


def test_refusals_of_exim_come_back_with_its_words(ctx):
    refusals_come_back(ctx, exim, ("5.1.1", "550 5.1.1 nobody of that name here"), ("5.6.0", "554 5.6.0 we do not like the text"))


def test_refusals_of_opensmtpd_come_back_with_its_words(ctx):
    refusals_come_back(ctx, opensmtpd, ("5.0.0", "550 Invalid recipient"))


def test_what_postfix_hands_us_is_reported_by_us(ctx):
    what_it_hands_us_is_reported(ctx, lambda context, _, us: postfix(context, f"relayhost = [127.0.0.1]:{us}"))


def test_what_exim_hands_us_is_reported_by_us(ctx):
    what_it_hands_us_is_reported(ctx, exim)


def test_what_opensmtpd_hands_us_is_reported_by_us(ctx):
    what_it_hands_us_is_reported(ctx, opensmtpd)
