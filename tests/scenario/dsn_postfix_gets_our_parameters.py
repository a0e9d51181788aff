"""A Postfix behind us offers DSN: it gets what the sender said, reports success on its own, and we say nothing."""

from _peers import postfix, relaying, report_of, wait_queue_empty
from lib import check, check_equal, free_port

PRESETS = ["release"]


def test_dsn_postfix_gets_our_parameters(ctx):
    # Postfix's report comes back to us: example.test is ours, 127.0.0.1 is a network it may relay for.
    port = free_port()
    next_hop = postfix(ctx, f"relayhost = [127.0.0.1]:{port}", "mydestination = here.example",
                       "local_transport = discard:", "local_recipient_maps =")
    listener = {"listener": [{"address": f"127.0.0.1:{port}", "role": "mx"}]}
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{next_hop.port}") | listener)
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<sender@example.test> RET=HDRS ENVID=through+2Bus", 250)
        client.command("RCPT TO:<a@here.example> NOTIFY=SUCCESS ORCPT=rfc822;first@here.example", 250)
        client.command("DATA", 354)
        client.write(b"Subject: to Postfix\r\n\r\ntext\r\n.\r\n")
        client.expect(250, "final dot")
    [mail] = server.wait_mail("sender", seconds=30)
    _, fields, _ = report_of(mail)
    check("Postfix" in mail.decode(errors="replace"), "the report is not Postfix's")
    check_equal(fields[0]["Original-Envelope-Id"], "through+us", "Original-Envelope-Id at Postfix")
    check_equal(fields[1]["Original-Recipient"].replace(" ", ""), "rfc822;first@here.example", "Original-Recipient at Postfix")
    check_equal(fields[1]["Action"], "delivered", "Action")
    wait_queue_empty(server)
    check_equal(len(server.maildir("example.test", "sender")), 1, "reports in the end")
