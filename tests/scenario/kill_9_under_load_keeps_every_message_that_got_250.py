"""The promise: what got its 250 is there after kill -9, at any moment, again and again.

Clients hand in messages on several connections while the server is killed at a random moment and started again on the
same folder. Half goes to mailboxes, half to a next hop that is down until the last round. In the end every acknowledged
message has arrived, the queue is empty and no body is left in the spool. RINGPOST_CRASH_ROUNDS says how many kills (3).
"""

import os
import random
import threading
import time

from _peers import live_octets, relaying, wait_queue_empty
from lib import Failure, check, free_port, stuff, wait_until

CLIENTS = 6
SIZES = (200, 2_000, 10_000, 60_000, 300_000, 1_500_000)


class LoadClient(threading.Thread):
    """One connection that hands in messages until the server is gone; `acknowledged` has what got 250."""

    def __init__(self, server, name, rng):
        super().__init__(daemon=True)
        self.server, self.label, self.rng = server, name, rng
        self.acknowledged = []
        self.unexpected = None

    def run(self):
        try:
            with self.server.client(timeout=30) as client:
                client.greet()
                number = 0
                while True:
                    self.hand_in(client, f"token-{self.label}-{number}-end")
                    number += 1
        except (OSError, Failure) as ended:  # the kill; anything else is a refusal, which there must not be
            if "was answered" in str(ended):
                self.unexpected = str(ended)

    def hand_in(self, client, token):
        size = self.rng.choices(SIZES, (30, 30, 20, 10, 5, 1))[0]
        recipient = self.rng.choice(("box@example.test", "away@foreign.example"))
        body = f"Subject: {token}\r\n\r\n".encode() + (b"0123456789" * 7 + b"\r\n") * (size // 72)
        client.write(f"MAIL FROM:<app@example.net>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
        client.expect(250, "MAIL"), client.expect(250, "RCPT"), client.expect(354, "DATA")
        client.write(stuff(body) + b".\r\n")
        client.expect(250, "final dot")
        self.acknowledged.append((token, recipient, len(body)))


def test_kill_9_under_load_keeps_every_message_that_got_250(ctx):
    rounds = int(os.environ.get("RINGPOST_CRASH_ROUNDS", "3"))
    seed = int(os.environ.get("RINGPOST_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    rng = random.Random(seed)
    away = free_port()
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{away}") | {"limits": {"sessions_per_client_max": 1000}})
    acknowledged = []
    for number in range(rounds):
        clients = [LoadClient(server, f"{number}-{c}", random.Random(rng.random())) for c in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(rng.uniform(0.3, 1.5))
        server.kill()
        for client in clients:
            client.join(30)
            check(client.unexpected is None, f"seed {seed}: refused under load: {client.unexpected}")
            acknowledged += client.acknowledged
        server.start()
    check(len(acknowledged) > 20 * rounds, f"too little load to mean anything: {len(acknowledged)} messages")
    peer = ctx.peer(port=away)
    server.cli("queue", "retry", "--all")  # a next hop that was down is otherwise left alone for a minute
    wait_queue_empty(server, 60)
    missing = compare(server, peer, acknowledged)
    check(not missing, f"seed {seed}: {len(missing)} of {len(acknowledged)} acknowledged messages are lost: {missing[:5]}")
    wait_until(lambda: live_octets(server) == 0, 10 * ctx.patience, "no body is left in the spool")


def compare(server, peer, acknowledged):
    """What was acknowledged and is not there in full."""
    arrived = {}
    for mail in server.maildir("example.test", "box"):
        note(arrived, mail)
    for message in list(peer.messages):
        note(arrived, message["body"])
    return [entry for entry in acknowledged if arrived.get(entry[0], -1) < entry[2]]


def note(arrived, mail):
    start = mail.find(b"Subject: token-")
    if start >= 0:
        token = mail[start + 9:mail.find(b"\r\n", start)].decode()
        arrived[token] = max(arrived.get(token, 0), len(mail) - start)
