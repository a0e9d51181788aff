"""How long an operator waits who stops a million queued messages, measured on ringpost alone."""
import json
import time
import urllib.request

from cases import Case
from peers.base import SENDER, free_port
from peers.load import LoadFailed, fastest_generator
from peers.memory import hand_in, started

REAPED_AT_MOST = 900  # seconds


def steered_queue(peer, options):
    """A million messages from one sender to a destination that is down: how long each command takes to answer, whether
    another sender's message still gets in, and when the last dropped one is gone."""
    count = int(1_000_000 * options.scale)
    generator = fastest_generator(options)
    values = {"messages": count}
    with started(peer):
        generator.run(peer, Case("queue", 50, 1024, count, count), count, max(options.timeout, count / 500))
        time.sleep(2)
        if peer.total("queue_messages") < count:
            raise LoadFailed("the queue did not keep what it was given")
        destination = peer.queue_summary()["destinations"][0]["destination"]
        for name, verb, selector in (
                ("suspend_destination", "suspend", {"destination": destination}),
                ("resume_destination", "resume", {"destination": destination}),
                ("suspend_sender", "suspend", {"sender": SENDER}), ("resume_sender", "resume", {"sender": SENDER}),
                ("hold_all", "hold", {"all": True}), ("release_all", "release", {"all": True}),
                ("retry_sender", "retry", {"sender": SENDER}),
                ("reroute_sender", "reroute", {"sender": SENDER, "to": f"smtp://127.0.0.1:{free_port()}"}),
                ("drop_sender", "drop", {"sender": SENDER})):
            values[f"{name}_ms"] = command(peer, verb, selector)
        begin = time.monotonic()
        hand_in(peer, "other@example.org", "one@example.com")
        values["another_accepted_after_drop_ms"] = (time.monotonic() - begin) * 1000
        begin = time.monotonic()
        while peer.total("queue_messages") > 1 and time.monotonic() - begin < REAPED_AT_MOST:
            time.sleep(1)
        values["dropped_ones_gone_after_s"] = time.monotonic() - begin
        values["left"] = peer.total("queue_messages")
    return values


def command(peer, verb, selector):
    """Milliseconds from the request to its answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{peer.admin}/api/v1/queue/{verb}",
                                     json.dumps(selector).encode(), {"Content-Type": "application/json"})
    begin = time.monotonic()
    with urllib.request.urlopen(request, timeout=120) as answer:
        marks = json.load(answer)["marks"]
    spent = (time.monotonic() - begin) * 1000
    if not marks:
        raise LoadFailed(f"{verb} {selector} did nothing")
    return spent
