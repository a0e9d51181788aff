"""A person's test tool hands us a message; it lies in the mailbox, and log, reply and Received name the same ID."""

import re

from lib import check, check_equal


def test_swaks_delivers_to_maildir(ctx):
    ctx.need("swaks")
    server = ctx.server()
    said = ctx.run("swaks", "--server", "127.0.0.1", "--port", server.port, "--ehlo", "swaks.example.net",
                   "--from", "app@client.example.net", "--to", "happy@example.test", "--header", "Subject: by swaks",
                   "--body", "first line\n.a dot at the start\nlast line")
    queue_id = re.search(r"queued as (\w{26})", said)
    check(queue_id, f"swaks saw no queue ID: {said}")
    [mail] = server.wait_mail("happy")
    check(b"Subject: by swaks\r\n" in mail or b"Subject: by swaks\n" in mail, f"no subject: {mail!r}")
    check(b"\n.a dot at the start" in mail and b"\n..a dot" not in mail, f"the dot was not unstuffed: {mail!r}")
    check(mail.startswith(b"Return-Path: <app@client.example.net>"), f"no Return-Path first: {mail[:80]!r}")
    check(queue_id.group(1).encode() in mail, "the ID of the reply is not in Received")
    check_equal(server.wait_event("accept")["message"], queue_id.group(1), "ID in the accept event")
    check_equal(server.wait_event("deliver")["message"], queue_id.group(1), "ID in the deliver event")
