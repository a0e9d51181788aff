"""Smarthosts with weights share a route's mail by them, and take over where one is down."""

from _peers import nobody_listens, wait_queue_empty
from lib import check, check_equal


def weighted(ctx, *hops):
    """One message a connection, so that there are many connections to share."""
    return ctx.server(config={
        "route": [{"domain": "*", "next_hop": list(hops), "connections_max": 4, "messages_per_connection_max": 1}],
        "queue": {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}})


def send_many(server, count):
    with server.client() as client:
        client.greet()
        for number in range(count):
            client.send("a@example.net", f"rcpt{number}@foreign.example", b"Subject: x\r\n\r\ntext\r\n")


def test_three_of_four_messages_go_to_the_one_with_weight_three(ctx):
    heavy, light, spare = ctx.peer(), ctx.peer(), ctx.peer()
    server = weighted(ctx, f"{heavy.next_hop} weight=3", f"{light.next_hop} weight=1", spare.next_hop)
    send_many(server, 400)
    wait_queue_empty(server, 60)
    check_equal(len(heavy.messages) + len(light.messages), 400, "messages at the two")
    check(240 <= len(heavy.messages) <= 360, f"the one of weight 3 got {len(heavy.messages)} of 400")
    check_equal(spare.connections, 0, "connections to the one behind them")


def test_the_others_take_the_share_of_one_that_stops_and_then_the_next_rank_does(ctx):
    first, second, third = ctx.peer(), ctx.peer(), ctx.peer()
    server = weighted(ctx, f"{first.next_hop} weight=3", f"{second.next_hop} weight=1",
                      f"{nobody_listens()} weight=1 rank=2", f"{third.next_hop} weight=1 rank=2")
    send_many(server, 20)
    wait_queue_empty(server, 60)
    first.stop()
    before = len(first.messages)
    check_equal(before + len(second.messages), 20, "messages at the first rank")
    send_many(server, 40)
    wait_queue_empty(server, 60)
    check_equal(len(second.messages), 60 - before, "messages at the one that is left")
    check_equal(server.events("defer"), [], "messages that had to wait")
    second.stop()
    send_many(server, 10)
    wait_queue_empty(server, 60)
    check_equal(len(third.messages), 10, "messages at the second rank")
