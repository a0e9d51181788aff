"""A next hop that is down costs time, not mail: the next of the list is tried, and a lone one is tried again."""

from _peers import nobody_listens, queued, relaying, wait_queue_empty
from lib import check, check_equal, free_port, wait_until


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


def test_dead_next_hop_is_tried_again_when_an_operator_says_so(ctx):
    port = free_port()
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{port}"))
    queue_id = server.send("a@foreign.example")
    deferred = server.wait_event("defer", message=queue_id)
    check(deferred.get("reason") or deferred.get("reply"), f"the defer event does not say why: {deferred}")
    check(deferred.get("next"), f"the defer event does not say when it is tried again: {deferred}")
    check_equal(queued(server), 1, "queued messages")
    check("postponed" in server.cli("queue", "summary", "--json"), "the summary does not say that the next hop is down")
    peer = ctx.peer(port=port)
    server.cli("queue", "retry", "--all")  # otherwise a next hop that was down is left alone for a minute
    peer.wait(1)
    wait_queue_empty(server)
    check_equal(len(peer.messages), 1, "copies that arrived")


def test_message_put_off_by_its_next_hop_is_tried_again_in_time(ctx):
    answers = iter(["451 4.3.0 not now", "451 4.3.0 not yet"])
    peer = ctx.peer(replies={"MAIL": lambda *_: next(answers, "250 2.1.0 ok")})
    server = ctx.server(config=relaying(peer))
    queue_id = server.send("a@foreign.example")
    peer.wait(1)
    wait_queue_empty(server)
    check_equal([e["attempt"] for e in server.events("defer") if e["message"] == queue_id], [1, 2], "attempts deferred")
    check_equal(server.wait_event("deliver", message=queue_id)["attempt"], 3, "attempt that succeeded")


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
