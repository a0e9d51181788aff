"""Too many sessions, of one client or in all, hear why in a multi-line 421; with a place free again the next is served."""

from lib import check, check_equal, wait_until


def opened(server, count, source=None):
    clients = [server.client(source=source) for _ in range(count)]
    for client in clients:
        client.greet()
    return clients


def greeting(server, source=None):
    with server.client(source=source) as client:
        reply = client.reply()
        if reply.code == 421:
            check(client.at_end(), "the connection stays open after 421")
        return reply


def test_many_sessions_limit_says_421_to_one_client(ctx):
    server = ctx.server(config={"limits": {"sessions_per_client_max": 5}})
    clients = opened(server, 5)
    reply = greeting(server)
    check_equal(reply.code, 421, "greeting of the sixth session")
    check(len(reply.lines) > 1 and all(b" 4.7.0 " in b" " + line[4:] for line in reply.lines),
          f"421 is not multi-line with 4.7.0 throughout: {reply!r}")
    check("5" in reply.text, f"421 does not name the limit: {reply!r}")
    check_equal(greeting(server, "127.0.0.2").code, 220, "greeting of another client")
    clients.pop().close()
    wait_until(lambda: greeting(server).code == 220, 5 * ctx.patience, "a place is free again")
    for client in clients:
        client.close()


def test_many_sessions_limit_says_421_to_everybody(ctx):
    server = ctx.server(config={"limits": {"sessions_max": 6}})
    clients = opened(server, 3) + opened(server, 3, "127.0.0.2")
    reply = greeting(server, "127.0.0.3")
    check(reply.text.startswith("421") and "4.3.2" in reply.text, f"greeting of the seventh session: {reply!r}")
    for client in clients:
        client.command("QUIT", 221)
        client.close()
    wait_until(lambda: greeting(server).code == 220, 5 * ctx.patience, "places are free again")
