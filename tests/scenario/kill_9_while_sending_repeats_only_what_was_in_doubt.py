"""kill -9 while mail leaves: nothing is lost, and only messages that the log names as in doubt can arrive twice.

RINGPOST_CRASH_ROUNDS says how many kills (3)."""

import collections
import os
import random
import re
import time

from _peers import relaying, wait_queue_empty
from lib import check

MESSAGES = 300  # handed in before each kill


def hand_in(server, number):
    """Returns the queue id of each message by its token."""
    ids = {}
    with server.client(timeout=30) as client:
        client.greet()
        for i in range(MESSAGES):
            token = f"token-{number}-{i}-end"
            client.write(b"MAIL FROM:<app@example.net>\r\nRCPT TO:<away@foreign.example>\r\nDATA\r\n")
            client.expect(250, "MAIL"), client.expect(250, "RCPT"), client.expect(354, "DATA")
            client.write(f"Subject: {token}\r\n\r\ntext\r\n.\r\n".encode())
            ids[token] = str(client.expect(250, "final dot")).split(" as ")[1][:26]
    return ids


def test_kill_9_while_sending_repeats_only_what_was_in_doubt(ctx):
    rounds = int(os.environ.get("RINGPOST_CRASH_ROUNDS", "3"))
    rng = random.Random()
    peer = ctx.peer(delay={".": 0.02})  # time enough to be killed between the final dot and the reply
    server = ctx.server(config=relaying(peer))
    ids = {}
    in_doubt = set()
    for number in range(rounds):
        ids |= hand_in(server, number)
        time.sleep(rng.uniform(0, 0.2))
        server.restart(crash=True)
        in_doubt |= {event["message"] for event in server.events("warning") if "in doubt" in event.get("reason", "")}
    server.cli("queue", "retry", "--all")
    wait_queue_empty(server, 60 * ctx.patience)
    tokens = [re.search(rb"token-[0-9-]+-end", message["body"]).group().decode() for message in list(peer.messages)]
    arrived = collections.Counter(tokens)
    lost = [token for token in ids if token not in arrived]
    check(not lost, f"{len(lost)} of {len(ids)} acknowledged messages are lost: {lost[:5]}")
    repeated = {token for token, count in arrived.items() if count > 1}
    unnamed = [token for token in repeated if ids[token] not in in_doubt]
    check(not unnamed, f"{len(unnamed)} messages came twice and were not in doubt: {unnamed[:5]}, in doubt {len(in_doubt)}")
    check(len(repeated) < len(ids) / 4, f"{len(repeated)} of {len(ids)} came twice")
