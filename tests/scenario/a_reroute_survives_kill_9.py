"""kill -9 while a long queue is being moved to another next hop, when a part of it has arrived there: the rest follows after
the restart, nothing is lost, and only what was in doubt can arrive twice."""

import collections
import re

from _peers import queued, relaying, wait_queue_empty
from lib import check, check_equal, free_port, wait_until

PRESETS = ["release"]  # a queue that is moved in more than one step is long

MESSAGES = 11_000
AT_A_TIME = 500  # handed in by one write
MESSAGE = "MAIL FROM:<app@example.test>\r\nRCPT TO:<away@foreign.example>\r\nBDAT {size} LAST\r\n{body}"


def hand_in(server):
    with server.client(timeout=60) as client:
        client.greet()
        for start in range(0, MESSAGES, AT_A_TIME):
            bodies = [f"Subject: token-{number}-end\r\n\r\ntext\r\n" for number in range(start, start + AT_A_TIME)]
            client.write("".join(MESSAGE.format(size=len(body), body=body) for body in bodies).encode())
            for _ in bodies:
                client.expect(250, "MAIL"), client.expect(250, "RCPT"), client.expect(250, "BDAT")


def test_a_reroute_survives_kill_9(ctx):
    peer = ctx.peer()
    config = relaying(f"smtp://127.0.0.1:{free_port()}")
    config["queue"]["retry"] = {"first": "1h", "factor": 1.0, "max": "1h"}
    server = ctx.server(config=config)
    hand_in(server)
    check_equal(queued(server), MESSAGES, "messages queued")
    server.cli("queue", "reroute", "--all", "--to", peer.next_hop)
    wait_until(lambda: len(peer.messages) > 100, 30 * ctx.patience, "the first ones have arrived")
    server.kill()
    before = len(peer.messages)
    check(before < MESSAGES, "all had arrived before the kill")
    server.start()
    wait_queue_empty(server, 90 * ctx.patience)
    arrived = collections.Counter(
        re.search(rb"token-[0-9]+-end", message["body"]).group() for message in list(peer.messages))
    check_equal(len(arrived), MESSAGES, f"messages that arrived, {before} of them before the kill")
    in_doubt = {event["message"] for event in server.events("warning") if "in doubt" in event.get("reason", "")}
    repeated = [token for token, count in arrived.items() if count > 1]
    check(len(repeated) <= len(in_doubt), f"{len(repeated)} came twice, {len(in_doubt)} were in doubt")
