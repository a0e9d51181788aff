"""Lying, endless, silent and broken next hops: each is put off or given up with a line that can be read, and mail to
others leaves at once all the while."""

import time

from lib import check, check_equal, wait_until

BODY = b"From: sender@example.test\r\nSubject: x\r\n\r\ntext\r\n"
NEVER = 3600  # seconds; the peer's thread ends with the test

# What the peer does, the event that follows, and its enhanced code.
HOSTILE = {
    "endless": ({"replies": {"GREETING": "220-x\r\n" * 200_000 + "220 y"}}, "defer", "4.4.1"),
    "ssh": ({"replies": {"GREETING": "SSH-2.0-OpenSSH_9.2"}}, "defer", "4.4.1"),
    "silent": ({"delay": {"GREETING": NEVER}}, None, None),
    "stuck": ({"delay": {".": NEVER}}, None, None),
    "codes": ({"replies": {"MAIL": "354 go ahead, sender"}}, "defer", "4.5.0"),
    "mixed": ({"replies": {"RCPT": "250-yes\r\n550 no"}}, "defer", "4.4.2"),
    "long": ({"replies": {"EHLO": "250-" + "A" * 100_000 + "\r\n250 ok"}}, "defer", "4.4.1"),
    "control": ({"replies": {"RCPT": "550 5.1.1 \x1b[2J\x07no\tsuch \x7fuser"}}, "bounce", "5.1.1"),
    "vanishing": ({"replies": {".": None}}, "defer", "4.4.2"),
    "rude": ({"replies": {"QUIT": None}}, "deliver", "2.0.0"),
}


def test_hostile_next_hops_hurt_nobody(ctx):
    quick = ctx.peer()
    routes = [{"domain": "quick.example", "next_hop": quick.next_hop}]
    for name, (peer, _, _) in HOSTILE.items():
        routes.append({"domain": f"{name}.example", "next_hop": ctx.peer(**peer).next_hop})
    server = ctx.server(config={"route": routes, "queue": {"min_free_disk": "16MiB"}})
    for name in HOSTILE:
        for number in range(3):
            server.send(f"rcpt{number}@{name}.example", BODY, sender="sender@example.test")
    started = time.monotonic()
    server.send("rcpt@quick.example", BODY, sender="sender@example.test")
    quick.wait(1)
    took = time.monotonic() - started
    check(took < 1.0 * ctx.patience, f"mail to a healthy next hop waited {took:.2f} s")

    for name, (_, event, code) in HOSTILE.items():
        if event is None:
            continue

        def found(name=name, event=event):
            return [each for each in server.events(event) if each.get("to", "").endswith(f"@{name}.example")]
        wait_until(found, 20 * ctx.patience, f"{event} of {name}")
        check_equal(found()[0].get("enhanced"), code, f"enhanced code of {name}: {found()[0]}")
    check(not any(ord(c) < 0x20 and c != "\n" or ord(c) == 0x7f for c in server.log_text()), "controls in the log")
    for bounce in server.wait_mail("sender", 3):
        check(b"\x1b" not in bounce and b"\x07" not in bounce, "controls of the peer in a bounce")
