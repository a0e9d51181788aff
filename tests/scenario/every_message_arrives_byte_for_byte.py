"""What comes in is what goes out: every octet, every size, by DATA and BDAT, to a mailbox and through us to a next hop."""

import random

from _peers import FULL, next_hop, relaying, wait_queue_empty, without_our_fields
from lib import check, wait_until

HEAD = b"From: a@example.net\r\nSubject: octets\r\n\r\n"
EVERY = bytes(range(256))
TEXT_SAFE = bytes(o for o in range(1, 256) if o not in b"\r\n")  # DATA refuses NUL and bare CR or LF
MIB = 1 << 20


def lines(octets, seed=1):
    """Text of exactly `octets` octets in lines of many lengths, some starting with dots, ending in CRLF."""
    rng = random.Random(seed)
    alphabet = bytes(range(32, 127))
    block = b"".join(rng.choice((b"", b".", b"..", b".\r\n.")) + bytes(rng.choices(alphabet, k=rng.randrange(0, 900)))
                     + b"\r\n" for _ in range(150))
    text = (block * (octets // len(block) + 1))[:max(0, octets - 2)]
    text = text[:-1] + b"x" if text.endswith(b"\r") else text
    tail = text[text.rfind(b"\n") + 1:]
    check(len(tail) <= 998, "a line of the sample is too long")
    return text + b"\r\n" if octets >= 2 else b""


TEXTS = {
    "empty": b"",
    "only a line end": b"\r\n",
    "no header": b"just text\r\n",
    "dots": HEAD + b".\r\n..\r\n...\r\n.x\r\n\r\n.\r\n",
    "header only": b"Subject: nothing follows\r\n",
    "a line of 997": HEAD + b"a" * 997 + b"\r\n",
    "a line of 998": HEAD + b"b" * 998 + b"\r\n",
    "a line of 998 that is stuffed": HEAD + b"." * 998 + b"\r\n",
    "eight bit": HEAD + b"".join(TEXT_SAFE[i:i + 50] + b"\r\n" for i in range(0, len(TEXT_SAFE), 50)),
    "64 KiB": HEAD + lines(65536 - len(HEAD)),
    "64 KiB and one": HEAD + lines(65537 - len(HEAD)),
    "1 MiB": HEAD + lines(MIB - len(HEAD)),
}
BINARIES = {
    "no octet": b"",
    "one octet": b"x",
    "every octet": HEAD + EVERY * 3,
    "no line end at the end": HEAD + b"text",
    "bare CR and LF": HEAD + b"a\rb\nc\r\r\n\n.\r\n.\n",
    "looks like the end": HEAD + b"\r\n.\r\nMAIL FROM:<x@example.net>\r\n.\r\n",
    "64 KiB": HEAD + random.Random(7).randbytes(65536),
    "1 MiB": HEAD + random.Random(8).randbytes(MIB),
}


def send_data(client, recipient, body):
    client.send("a@example.net", recipient, body, "BODY=8BITMIME")


def send_bdat(client, recipient, body, chunks):
    client.command("MAIL FROM:<a@example.net> BODY=BINARYMIME", 250)
    client.command(f"RCPT TO:<{recipient}>", 250)
    size = max(1, -(-len(body) // chunks))
    pieces = [body[i:i + size] for i in range(0, len(body), size)] or [b""]
    for piece in pieces[:-1]:
        client.write(b"BDAT %d\r\n" % len(piece) + piece)
        client.expect(250, "BDAT")
    client.write(b"BDAT %d LAST\r\n" % len(pieces[-1]) + pieces[-1])
    client.expect(250, "BDAT LAST")


def test_every_message_arrives_byte_for_byte_in_the_mailbox(ctx):
    server = ctx.server()
    sent = {}
    with server.client(timeout=60 * ctx.patience) as client:
        client.greet()
        for number, (name, body) in enumerate(TEXTS.items()):
            send_data(client, f"text{number}@example.test", body)
            sent[f"text{number}"] = name, body
        for number, (name, body) in enumerate(BINARIES.items()):
            for chunks in (1, 3):
                send_bdat(client, f"binary{number}-{chunks}@example.test", body, chunks)
                sent[f"binary{number}-{chunks}"] = name, body
    for mailbox, (name, body) in sent.items():
        arrived(server.wait_mail(mailbox)[0], body, name)


def test_every_message_arrives_byte_for_byte_at_the_next_hop(ctx):
    binary, plain = next_hop(ctx), next_hop(ctx, [e for e in FULL if e not in ("BINARYMIME", "CHUNKING")])
    server = ctx.server(config=relaying() | {"route": [
        {"domain": "binary.example", "next_hop": binary.next_hop}, {"domain": "plain.example", "next_hop": plain.next_hop}]})
    expected = {}
    with server.client(timeout=60 * ctx.patience) as client:
        client.greet()
        for number, (name, body) in enumerate(TEXTS.items()):
            for domain in ("binary.example", "plain.example"):
                expected[f"text{number}@{domain}"] = name, body
                send_data(client, f"text{number}@{domain}", body)
        for number, (name, body) in enumerate(BINARIES.items()):
            expected[f"binary{number}@binary.example"] = name, body
            send_bdat(client, f"binary{number}@binary.example", body, 2)
    wait_until(lambda: len(binary.messages) + len(plain.messages) >= len(expected), 30 * ctx.patience,
               "all messages at the next hops")
    for message in binary.messages + plain.messages:
        name, body = expected.pop(message["recipients"][0])
        arrived(message["body"], body, name)
    check(not expected, f"not arrived: {list(expected)}")
    wait_queue_empty(server)


def test_fifty_mebibytes_arrive_byte_for_byte(ctx):
    sink = next_hop(ctx)
    server = ctx.server(config=relaying(sink))
    body = HEAD + lines(50 * MIB - len(HEAD))
    check(len(body) == 50 * MIB, "the sample has the wrong size")
    with server.client(timeout=120 * ctx.patience) as client:
        client.greet()
        client.send("a@example.net", ["large@example.test", "large@foreign.example"], body, f"SIZE={len(body)}")
    arrived(server.wait_mail("large", seconds=60)[0], body, "50 MiB to the mailbox")
    arrived(sink.wait(1, 60 * ctx.patience)[0]["body"], body, "50 MiB to the next hop")


def arrived(mail, body, name):
    try:
        without_our_fields(mail, body)
    except AssertionError as failure:
        raise type(failure)(f"{name}: {failure}") from None
