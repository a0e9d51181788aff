"""A body the next hop cannot take is returned with 5.6.x, never bent into seven bits and never sent anyway (RFC 6152 3)."""

from _peers import next_hop, relaying, report_of, wait_queue_empty
from lib import check, check_equal

EIGHT_BIT = b"From: sender@example.test\r\nSubject: eight\r\n\r\ncaf\xc3\xa9\r\n"


def bounced(server, peer):
    [mail] = server.wait_mail("sender")
    _, fields, _ = report_of(mail)
    check(fields[1]["Status"].startswith("5.6."), f"Status: {fields[1]['Status']}")
    check_equal(peer.messages, [], "messages at the next hop")
    wait_queue_empty(server)


def test_eight_bit_message_bounces_when_peer_cannot_take_it(ctx):
    peer = next_hop(ctx, ["PIPELINING", "SIZE"])
    server = ctx.server(config=relaying(peer))
    with server.client() as client:
        client.greet()
        client.send("sender@example.test", "a@foreign.example", EIGHT_BIT, "BODY=8BITMIME")
    bounced(server, peer)


def test_binary_message_bounces_when_peer_cannot_take_it(ctx):
    peer = next_hop(ctx, ["PIPELINING", "8BITMIME"])
    server = ctx.server(config=relaying(peer))
    octets = b"Subject: binary\r\n\r\n\0\r\xff\n"
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<sender@example.test> BODY=BINARYMIME", 250)
        client.command("RCPT TO:<a@foreign.example>", 250)
        client.write(b"BDAT %d LAST\r\n" % len(octets) + octets)
        client.expect(250, "BDAT")
    bounced(server, peer)


def test_seven_bit_text_declared_eight_bit_is_delivered(ctx):
    peer = next_hop(ctx, ["PIPELINING", "SIZE"])
    server = ctx.server(config=relaying(peer))
    with server.client() as client:
        client.greet()
        client.send("sender@example.test", "a@foreign.example", b"Subject: plain\r\n\r\ntext\r\n", "BODY=8BITMIME")
    peer.wait(1)
    check("BODY" not in peer.messages[0]["mail"], f"BODY= was sent to a peer that does not know it: {peer.messages[0]['mail']}")
