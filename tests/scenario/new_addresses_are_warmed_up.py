"""A source address that is new sends little to each site on its first days; others take the rest, or it waits."""

import datetime

from _peers import queued, wait_queue_empty
from lib import check, check_equal, free_port, wait_until

COLD, WARM = "127.0.0.71", "127.0.0.72"


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def not_at_midnight():
    """The story must not begin in the last minutes of a day."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.hour < 23 or now.minute < 50


def sourced(ctx, site, sources, warm_up, **more):
    return {"workers": 2, "listener": [{"address": f"127.0.0.1:{free_port()}", "role": "mx"}],
            "admin": {"address": f"127.0.0.1:{free_port()}"},
            "route": [{"domain": "*", "next_hop": site.next_hop, "source_addresses": sources, "connections_max": 4} | more],
            "source": [{"address": COLD, "hostname": "cold.example", "warm_up_start": today(), "warm_up": warm_up}],
            "queue": {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}}


def send_many(server, count):
    return [server.send(f"rcpt{number}@foreign.example") for number in range(count)]


def came_from(site, name):
    return sum(message["helo"] == name for message in site.messages)


def test_other_sources_take_what_the_new_one_may_not_send(ctx):
    site = ctx.peer()
    server = ctx.server(config=sourced(ctx, site, [f"{COLD} cold.example 50", f"{WARM} warm.example 1"], [5, 1000]))
    check(not_at_midnight(), "run this before 23:50 UTC")
    send_many(server, 40)
    wait_queue_empty(server)
    check_equal(came_from(site, "cold.example"), 5, "messages from the new address")
    check_equal(came_from(site, "warm.example"), 35, "messages from the other")
    server.restart()
    send_many(server, 10)
    wait_queue_empty(server)
    check_equal(came_from(site, "cold.example"), 5, "messages from the new address after a restart")


def test_without_another_source_the_mail_waits_and_says_why(ctx):
    site = ctx.peer()
    server = ctx.server(config=sourced(ctx, site, [COLD], [5]))
    check(not_at_midnight(), "run this before 23:50 UTC")
    ids = send_many(server, 8)
    site.wait(5)
    wait_until(lambda: queued(server) == 3, 20 * ctx.patience, "three are left")
    why = f"warm-up: source {COLD} has sent its 5 messages to this site today"
    left = [queue_id for queue_id in ids if not [e for e in server.events("deliver") if e["message"] == queue_id]]
    check_equal(len(left), 3, "messages that wait")
    wait_until(lambda: why in server.cli("explain", left[0]), 20 * ctx.patience, "explain says why")
    check(why in server.cli("queue", "summary", "--json"), "the summary does not say why")
    warned = server.wait_event("warning", destination=site.next_hop)
    check_equal(warned["reason"], why, "the log's reason")
    check(warned["next"].endswith("T00:00:00.000Z"), f"next is {warned['next']}")
    check_equal(server.events("defer"), [], "attempts that failed")
    check_equal(len(site.messages), 5, "messages that left")
    # What the operator changes holds at once.
    server.config["source"][0]["warm_up"] = [7]
    server.write_config()
    server.cli("reload")
    site.wait(7)
    check_equal(came_from(site, "cold.example"), 7, "messages from the new address")
    check_equal(queued(server), 1, "messages that wait on")


def test_what_the_site_refuses_does_not_count(ctx):
    refusals = iter(["450 4.2.0 greylisted"] * 6)
    site = ctx.peer(replies={"RCPT": lambda *_: next(refusals, "250 ok")})
    server = ctx.server(config=sourced(ctx, site, [COLD], [3]))
    check(not_at_midnight(), "run this before 23:50 UTC")
    send_many(server, 3)
    wait_queue_empty(server)
    check_equal(sum(len(message["recipients"]) for message in site.messages), 3, "recipients that were reached")
