"""A next hop that is down costs time, not mail: the next of the list is tried, and a lone one is tried again."""

from _peers import nobody_listens, queued, relaying, wait_queue_empty
from lib import Peer, check, check_equal, free_port, wait_until


def test_dead_next_hop_fails_over(ctx):
    peer = ctx.peer()
    server = ctx.server(config=relaying(nobody_listens(), peer))
    for _ in range(5):
        server.send("a@foreign.example")
    peer.wait(5)
    wait_queue_empty(server)


def test_sick_next_hop_fails_over(ctx):
    sick = ctx.peer(replies={"GREETING": "421 4.3.2 not today"})
    rude = ctx.peer(replies={"EHLO": None})
    well = ctx.peer()
    server = ctx.server(config=relaying(sick, rude, well))
    server.send("a@foreign.example")
    well.wait(1)
    check_equal((len(sick.messages), len(rude.messages)), (0, 0), "messages at the sick next hops")
    wait_queue_empty(server)


def test_dead_next_hop_is_tried_again(ctx):
    port = free_port()
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{port}"))
    queue_id = server.send("a@foreign.example")
    deferred = server.wait_event("defer", message=queue_id)
    check(deferred.get("reason") or deferred.get("reply"), f"the defer event does not say why: {deferred}")
    check(deferred.get("next"), f"the defer event does not say when it is tried again: {deferred}")
    check_equal(queued(server), 1, "queued messages")
    peer = Peer(port=port)
    ctx.on_exit(peer.stop)
    peer.wait(1)
    wait_queue_empty(server)
    check_equal(len(peer.messages), 1, "copies that arrived")


def test_greylisted_recipient_is_tried_again_and_the_others_are_not(ctx):
    seen = []

    def grey(_, command):
        if "grey" not in command or seen.append(1) or len(seen) > 1:
            return "250 2.1.5 ok"
        return "450 4.2.0 greylisted"

    peer = ctx.peer(replies={"RCPT": grey})
    server = ctx.server(config=relaying(peer))
    server.send(["a@foreign.example", "grey@foreign.example", "b@foreign.example"])
    wait_until(lambda: sum(len(m["recipients"]) for m in peer.messages) >= 3, 20 * ctx.patience, "all three recipients")
    wait_queue_empty(server)
    check_equal(sorted(r for m in peer.messages for r in m["recipients"]),
                ["a@foreign.example", "b@foreign.example", "grey@foreign.example"], "deliveries")
