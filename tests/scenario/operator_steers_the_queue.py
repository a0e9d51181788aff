"""An operator suspends, holds, releases and drops by what mail has in common, asks why a message waits, sends it another
way, and all of it outlives a kill -9."""

import json

from _peers import queued, relaying, rows, wait_queue_empty
from lib import check, check_equal, free_port, wait_until

BODY = b"From: app@example.test\r\nSubject: steered\r\n\r\nwords\r\n"


def kinds(server):
    return [mark["kind"] for mark in rows(server.cli("queue", "suspensions", "--json"))]


def gates(server, message):
    told = json.loads(server.cli("queue", "explain", message, "--json"))
    return [gate["gate"] for recipient in told["recipients"] for gate in recipient["gates"]]


def tries(server, message):
    return len([event for event in server.events("defer") if event.get("message") == message])


def recipients(peer):
    return sorted(r for message in peer.messages for r in message["recipients"])


def test_operator_steers_the_queue(ctx):
    port = free_port()
    config = relaying(f"smtp://127.0.0.1:{port}")
    config["queue"]["retry"] = {"first": "1h", "factor": 1.0, "max": "1h"}
    server = ctx.server(config=config)
    sent = {}
    for name in ("held", "dropped", "suspended"):
        sent[name] = server.send(f"{name}@{name}.example", BODY, sender=f"{name}@example.test")
        server.wait_event("defer", message=sent[name])
    check("refused" in server.cli("explain", sent["held"]), "explain does not tell what the last attempt met")

    server.cli("queue", "hold", "--sender", "held@example.test", "--reason", "complaints")
    server.cli("queue", "suspend", "suspended.example", "--for", "5d")
    server.cli("queue", "hold", expect=1)  # everything only with --all
    server.cli("queue", "drop", "--sender", "dropped@example.test", "--yes")
    check_equal(gates(server, sent["held"])[:2], ["hold", "retry"], "what a held message waits for")
    check("complaints" in server.cli("queue", "explain", sent["held"]), "explain does not give the reason")

    server.kill()
    server.start()
    check_equal([kind for kind in kinds(server) if kind != "drop"], ["hold", "suspend"], "marks after kill -9")
    peer = ctx.peer(port=port)
    server.cli("queue", "retry", "--all")
    server.send("new@suspended.example", BODY, sender="app@example.test")
    server.send("new@held.example", BODY, sender="held@example.test")  # of a sender held before: not touched
    peer.wait(1)
    check_equal(recipients(peer), ["new@held.example"], "who got mail while the others wait")
    check_equal(gates(server, sent["suspended"])[:1], ["suspend"], "what a suspended message waits for")

    server.cli("queue", "resume", "suspended.example")
    peer.wait(3)
    check_equal(recipients(peer), ["new@held.example", "new@suspended.example", "suspended@suspended.example"],
                "who got mail after the suspension")
    server.cli("queue", "resume", "suspended.example", expect=1)
    server.cli("queue", "release", "--all")
    peer.wait(4)
    wait_queue_empty(server)
    check_equal(queued(server), 0, "messages left")
    check("dropped@dropped.example" not in recipients(peer), "a dropped message was delivered")
    check_equal(server.maildir("example.test", "dropped"), [], "a dropped message makes no bounce")


def test_what_waits_for_a_dead_next_hop_leaves_by_another(ctx):
    dead = free_port()
    config = relaying(f"smtp://127.0.0.1:{dead}")
    config["queue"]["retry"] = {"first": "1h", "factor": 1.0, "max": "1h"}
    server = ctx.server(config=config)
    peer = ctx.peer(replies={"RCPT": lambda _, command: "451 4.2.0 later" if "slow" in command else "250 ok"})
    people = [f"p{number}@foreign.example" for number in range(300)]
    with server.client() as client:
        client.greet()
        for person in people:
            client.send("app@example.test", person, BODY)
        slow = client.send("app@example.test", "slow@foreign.example", BODY)
        other = client.send("other@example.test", "other@foreign.example", BODY)
    server.cli("queue", "reroute", "--sender", "app@example.test", "--to", "nonsense", expect=1)
    server.cli("queue", "reroute", "--sender", "app@example.test", "--to", "mx", expect=1)
    to = f"smtp://127.0.0.1:{peer.port}"
    told = server.cli("queue", "reroute", "--sender", "app@example.test", "--to", to, "--reason", "fire in Frankfurt")
    check(to in told and "reroute" in told, f"what reroute answers: {told}")
    check("fire in Frankfurt" in server.cli("queue", "suspensions"), "suspensions does not list the reroute")
    check_equal(gates(server, slow)[:1], ["reroute"], "what a rerouted message waits for")
    server.kill()
    server.start()
    peer.wait(len(people))
    check_equal(recipients(peer), sorted(people), "who got mail by the new way, each once")
    server.wait_event("defer", message=slow)
    check(to in server.cli("queue", "explain", slow), "a deferral has put the message back where its route leads")
    check("(rerouted)" in server.cli("queue", "show", slow), "show does not tell that it was rerouted")
    check_equal(gates(server, other)[:1], ["retry"], "what the other sender's message waits for")
    wait_until(lambda: kinds(server) == [], 20 * ctx.patience, "the reroute is done")
    # Its next hop is still down; it is tried all the same.
    before = tries(server, other)
    server.cli("queue", "retry", "--sender", "other@example.test")
    wait_until(lambda: tries(server, other) > before, 20 * ctx.patience, "the other sender's message is tried again")


def test_a_route_is_suspended_and_its_mail_moved(ctx):
    gone, here, vip = free_port(), ctx.peer(), ctx.peer()
    server = ctx.server(config={
        "route": [{"domain": "vip.big.example", "next_hop": vip.next_hop},
                  {"domain": "*.big.example", "next_hop": f"smtp://127.0.0.1:{gone}"},
                  {"domain": "*", "next_hop": here.next_hop}],
        "queue": {"retry": {"first": "1h", "factor": 1.0, "max": "1h"}, "min_free_disk": "16MiB"}})
    old = server.send("old@a.big.example", BODY, sender="app@example.test")
    server.wait_event("defer", message=old)
    server.cli("queue", "suspend", "--route", "nowhere.example", expect=1)
    server.cli("queue", "suspend", "--route", "*.big.example", "--reason", "their maintenance")
    check("*.big.example" in server.cli("queue", "suspensions"), "suspensions does not name the route")
    server.kill()
    server.start()
    waiting = server.send("new@b.big.example", BODY, sender="app@example.test")
    server.send("one@vip.big.example", BODY, sender="app@example.test")
    server.send("two@other.example", BODY, sender="app@example.test")
    vip.wait(1), here.wait(1)
    for message in (old, waiting):
        check_equal(gates(server, message)[:1], ["suspend"], "what mail of the suspended route waits for")
    check("route=*.big.example" in server.cli("queue", "explain", waiting), "explain does not name the route")
    # The route leads elsewhere from now on; what is queued remembers where it was to go until it is moved.
    server.config["route"][1]["next_hop"] = here.next_hop
    server.write_config()
    server.cli("reload")
    server.cli("queue", "reroute", "--route", "*.big.example", "--to", here.next_hop)
    server.cli("queue", "resume", "--route", "*.big.example")
    here.wait(3)
    check_equal(recipients(here), ["new@b.big.example", "old@a.big.example", "two@other.example"], "who got mail")
    check_equal(recipients(vip), ["one@vip.big.example"], "who got mail by the route in front")
    wait_queue_empty(server)
