"""A Postfix that sends everything through us (its relayhost) delivers: to our mailboxes and on to a next hop."""

from _peers import postfix, relaying
from lib import check, check_equal


def test_postfix_client_relays_through_us(ctx):
    peer = ctx.peer()
    server = ctx.server(config=relaying(peer))
    client = postfix(ctx, f"relayhost = [127.0.0.1]:{server.port}")
    for number, domain in enumerate(["example.test", "foreign.example"] * 10):
        ctx.run("smtp-source", "-4", "-l", 4000, "-f", f"from{number}@postfix.example.net", "-t", f"to@{domain}",
                f"127.0.0.1:{client.port}")
    mail = server.wait_mail("to", 10)
    check(all(b"by postfix.example.com (Postfix)" in text for text in mail), "Received of Postfix is missing")
    peer.wait(10)
    check_equal(sorted(m["sender"] for m in peer.messages),
                sorted(f"from{n}@postfix.example.net" for n in range(1, 20, 2)), "senders at the next hop")
    check_equal({r for m in peer.messages for r in m["recipients"]}, {"to@foreign.example"}, "recipients at the next hop")
