"""Dovecot is the mail store behind us, by LMTP over TCP and over a Unix socket. LMTP answers for each recipient alone: the
user it doesn't know bounces, the others have their mail."""

from _peers import dovecot, report_of, wait_queue_empty
from lib import check, check_equal, wait_until

BODY = b"From: app@example.test\r\nSubject: for Dovecot\r\n\r\n.dot\r\ntext\r\n"


def test_dovecot_receives_by_lmtp_over_tcp(ctx):
    store = dovecot(ctx, ["anna", "bert"])
    delivers(ctx, store, f"lmtp://127.0.0.1:{store.port}")


def test_dovecot_receives_by_lmtp_over_a_unix_socket(ctx):
    store = dovecot(ctx, ["anna", "bert"])
    delivers(ctx, store, f"lmtp+unix:{store.socket}")


def delivers(ctx, store, next_hop):
    folder = ctx.folder / "server"
    server = ctx.server(config={"domain": [{"name": "store.example", "deliver": next_hop},
                                           {"name": "example.test", "deliver": f"maildir:{folder}/mail/{{domain}}/{{local}}"}]})
    with server.client() as client:
        client.greet()
        client.send("app@example.test", ["anna@store.example", "unknown@store.example", "bert@store.example"], BODY)
        for _ in range(10):
            client.send("app@example.test", "anna@store.example", BODY)
    wait_until(lambda: len(store.mail("anna")) >= 11 and len(store.mail("bert")) >= 1, 20 * ctx.patience,
               "mail in Dovecot's mailboxes")
    [bounce] = server.wait_mail("app")
    _, fields, _ = report_of(bounce)
    check_equal([f["Final-Recipient"] for f in fields[1:]], ["rfc822;unknown@store.example"]
                if ";u" in str(fields[1]["Final-Recipient"]) else ["rfc822; unknown@store.example"], "who bounced")
    check_equal((len(store.mail("anna")), len(store.mail("bert"))), (11, 1), "mail of anna and bert")
    check(b"\n.dot\ntext\n" in store.mail("bert")[0].replace(b"\r\n", b"\n"), "the body changed")
    wait_queue_empty(server)
