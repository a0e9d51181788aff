"""`ringpost drain`: no new sessions, 421 at the next command, not ready; what is due is delivered, then the process
ends with 0. What is not due stays in the queue."""

import time

from lib import check, wait_until


def test_drain_delivers_what_is_due_and_ends(ctx):
    slow, dead = ctx.peer(delay={".": 0.3}), ctx.peer()
    server = ctx.server(config={"route": [{"domain": "slow.test", "next_hop": slow.next_hop, "connections_max": 2},
                                          {"domain": "dead.test", "next_hop": dead.next_hop}]})
    dead.stop()
    idle = server.client()
    idle.greet()
    with server.client() as client:
        client.greet()
        client.send("a@example.net", "x@dead.test", "Subject: not due for a while\r\n\r\n")
        wait_until(lambda: server.events("defer"), 10 * ctx.patience, "the dead next hop is noticed")
        for number in range(12):
            client.send("a@example.net", f"u{number}@slow.test", "Subject: due\r\n\r\n")
    check(server.cli("drain", "--no-wait") == "draining\n", "what drain prints")
    check(idle.reply().code == 421 and idle.at_end(), "an idle session is not told 421")
    status, reason = server.http("/health/ready")
    check(status in (0, 503) and (status == 0 or "draining" in reason), f"readiness says {status} {reason}")
    code = server.process.wait(30 * ctx.patience)
    check(code == 0, f"the server ended with {code}\n{server.tail()}")
    check(len(slow.messages) == 12, f"{len(slow.messages)} of 12 due messages were delivered\n{server.tail()}")
    server.process = None
    idle.close()
    server.start()
    check("dead.test" in server.cli("queue", "list"), "what was not due is gone")


def test_drain_waits_and_gives_up_after_its_time(ctx):
    slow = ctx.peer(delay={".": 30})
    server = ctx.server(config={"route": [{"domain": "slow.test", "next_hop": slow.next_hop}]})
    with server.client() as client:
        client.greet()
        client.send("a@example.net", "x@slow.test", "Subject: takes its time\r\n\r\n")
    wait_until(lambda: slow.connections, 10 * ctx.patience, "the attempt")
    began = time.monotonic()
    said = server.cli("drain", "--for", "1s")
    check(said == "draining\nended\n", f"drain printed {said!r}")
    took = time.monotonic() - began
    check(1 <= took < 15 * ctx.patience, f"drain took {took:.1f} s")
    check(server.process.wait(10) == 0, "exit status")
    server.process = None
    server.start()
    check("slow.test" in server.cli("queue", "list"), "the message is gone")
