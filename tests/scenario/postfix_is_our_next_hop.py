"""We deliver to a Postfix: several recipients in one transaction, dots, long lines, and one recipient it refuses."""

from _peers import live_octets, postfix, relaying, wait_queue_empty
from lib import check, check_equal, wait_until

BODY = (b"From: app@example.test\r\nSubject: for Postfix\r\n\r\n.\r\n..two\r\n.text\r\n" + b"x" * 998 + b"\r\n"
        + b"a line\r\n" * 500)


def test_postfix_is_our_next_hop(ctx):
    behind = ctx.peer()
    next_hop = postfix(ctx, f"relayhost = [127.0.0.1]:{behind.port}",
                       "smtpd_recipient_restrictions = check_recipient_access inline:{refused@foreign.example=REJECT}")
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{next_hop.port}"))
    with server.client() as client:
        client.greet()
        client.send("app@example.test", ["a@foreign.example", "b@foreign.example", "refused@foreign.example"], BODY)
        for _ in range(20):
            client.send("app@example.test", "c@foreign.example", BODY)
    wait_until(lambda: sum(len(m["recipients"]) for m in behind.messages) >= 22, 20 * ctx.patience,
               "22 recipients behind Postfix")
    # Postfix's own SMTP client may break lines above smtp_line_length_limit (998), never those of 998.
    check(all(m["body"].endswith(BODY) for m in behind.messages), "a body changed on the way")
    check_equal(sorted({r for m in behind.messages for r in m["recipients"]}),
                ["a@foreign.example", "b@foreign.example", "c@foreign.example"], "recipients behind Postfix")
    [bounce] = server.wait_mail("app")
    check(b"refused@foreign.example" in bounce and b"554 5.7.1" in bounce, f"the bounce does not say why: {bounce!r}")
    wait_queue_empty(server)
    wait_until(lambda: live_octets(server) == 0, 10 * ctx.patience, "no octets live in the spool")
