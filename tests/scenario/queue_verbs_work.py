"""An operator looks at deferred mail and acts on it: summary, list, show, body, retry, drop."""

import json

from _peers import queued, relaying, rows, wait_queue_empty
from lib import check, check_equal, free_port

BODY = b"From: app@example.test\r\nSubject: deferred\r\n\r\n.dots stay\r\n"


def ids(text):
    return sorted(row.get("id") or row.get("message") for row in rows(text))


def test_queue_verbs_work(ctx):
    port = free_port()
    config = relaying(f"smtp://127.0.0.1:{port}")
    config["queue"]["retry"] = {"first": "1h", "factor": 1.0, "max": "1h"}
    server = ctx.server(config=config)
    one = server.send("anna@foreign.example", BODY, sender="app@example.test")
    two = server.send(["bert@other.example", "carl@other.example"], BODY, sender="news@example.test")
    for message in (one, two):
        server.wait_event("defer", message=message)
    check_equal(queued(server), 2, "messages in the summary")
    check_equal(ids(server.cli("queue", "list", "--json")), sorted([one, two]), "all that list shows")
    for arguments, expected in ((["--sender", "app@example.test"], [one]), (["--recipient", "carl@other.example"], [two]),
                                (["--sender", "@example.test"], sorted([one, two])), (["--older-than", "1h"], []),
                                (["--state", "deferred"], sorted([one, two])), (["--state", "active"], [])):
        check_equal(ids(server.cli("queue", "list", "--json", *arguments)), expected, f"list {arguments}")
    shown = server.cli("queue", "show", two)
    for text in (two, "news@example.test", "bert@other.example", "carl@other.example"):
        check(text in shown, f"show does not tell {text}: {shown}")
    check(json.loads(server.cli("queue", "show", two, "--json")), "show --json is empty")
    body = server.cli("queue", "body", one)
    check("Received: " in body and body.replace("\r\n", "\n").endswith("Subject: deferred\n\n.dots stay\n"),
          f"body is not the message: {body!r}")
    server.cli("queue", "show", "0" * 26, expect=1)
    server.cli("queue", "drop", "--yes", expect=1)  # everything only with --all
    server.cli("queue", "drop", one, "--yes")
    check_equal(ids(server.cli("queue", "list", "--json")), [two], "what drop left")
    peer = ctx.peer(port=port)
    server.cli("queue", "retry", "--all")
    peer.wait(1)
    check_equal(sorted(peer.messages[0]["recipients"]), ["bert@other.example", "carl@other.example"], "who got it")
    wait_queue_empty(server)
    check_equal(server.maildir("example.test", "app"), [], "a dropped message makes no bounce")
