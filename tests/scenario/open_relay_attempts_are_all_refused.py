"""Twenty ways to send mail to a foreign domain from a network that may not: each is refused, and nothing leaves."""

from _peers import queued, relaying
from lib import check, check_equal

STRANGER = "127.0.0.2"  # base_config trusts 127.0.0.1 only
TRICKS = [  # EHLO name, MAIL, RCPT
    ("plain", "a@example.net", "<victim@foreign.example>"),
    ("sender in our domain", "boss@example.test", "<victim@foreign.example>"),
    ("postmaster as sender", "postmaster@mx.example.test", "<victim@foreign.example>"),
    ("null sender", "", "<victim@foreign.example>"),
    ("percent hack", "a@example.net", "<victim%foreign.example@example.test>"),
    ("percent hack, quoted", "a@example.net", '<"victim%foreign.example"@example.test>'),
    ("quoted address", "a@example.net", '<"victim@foreign.example"@example.test>'),
    ("quoted address, no domain", "a@example.net", '<"victim@foreign.example">'),
    ("bang path", "a@example.net", "<foreign.example!victim@example.test>"),
    ("bang path, no domain", "a@example.net", "<foreign.example!victim>"),
    ("bang path, foreign", "a@example.net", "<example.test!victim@foreign.example>"),
    ("source route", "a@example.net", "<@example.test:victim@foreign.example>"),
    ("source route, two hops", "a@example.net", "<@example.test,@mx.example.test:victim@foreign.example>"),
    ("two at signs", "a@example.net", "<victim@foreign.example@example.test>"),
    ("our address as literal", "a@example.net", "<victim@[127.0.0.1]>"),
    ("foreign literal", "a@example.net", "<victim@[192.0.2.1]>"),
    ("IPv6 literal", "a@example.net", "<victim@[IPv6:2001:db8::1]>"),
    ("subdomain of ours", "a@example.net", "<victim@sub.example.test>"),
    ("domain that ends like ours", "a@example.net", "<victim@notexample.test>"),
    ("domain that begins like ours", "a@example.net", "<victim@example.test.foreign.example>"),
    ("trailing dot", "a@example.net", "<victim@foreign.example.>"),
    ("NUL in the domain", "a@example.net", "<victim@foreign.example\0@example.test>"),
    ("blank inside", "a@example.net", "<victim@foreign.example @example.test>"),
    ("no brackets", "a@example.net", "victim@foreign.example"),
    ("local part with a line end", "a@example.net", '<"x\rRCPT TO:<victim@foreign.example>"@example.test>'),
]


def test_open_relay_attempts_are_all_refused(ctx):
    peer = ctx.peer()
    server = ctx.server(config=relaying(peer) | {"limits": {"errors_max": 100}})
    for name, sender, recipient in TRICKS:
        for greeting in ("EHLO mx.example.test", "EHLO localhost", "HELO [127.0.0.1]"):
            with server.client(source=STRANGER) as client:
                client.expect(220, "connect")
                client.command(greeting, 250)
                client.command(f"MAIL FROM:<{sender}>")  # may be refused already: then RCPT must be too
                reply = client.command(f"RCPT TO:{recipient}")
                check(500 <= reply.code <= 559, f"{name}: {recipient} was answered {reply!r}")
                check(client.command("DATA").code >= 500, f"{name}: DATA was taken")
    check_equal(queued(server), 0, "queued messages")
    check_equal((peer.connections, peer.messages), (0, []), "what reached the next hop")
    with server.client(source=STRANGER) as client:  # refusing all would be too easy
        client.greet()
        client.send("a@example.net", "box@example.test", b"Subject: ours\r\n\r\n")
    server.wait_mail("box")
    server.send("victim@foreign.example")  # and the trusted network may
    peer.wait(1)
