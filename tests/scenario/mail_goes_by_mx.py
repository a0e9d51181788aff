"""Mail for foreign domains goes where the DNS says: an nsd of our own knows the zones, and hosts of 127.0.0.0/8 listen on
port 25. What the DNS rules out for good comes back to the sender at once."""

import errno
import time

import lib
from _peers import queued, report_of, wait_queue_empty
from lib import check, check_equal, wait_until

ZONES = {
    "foreign.example": ["@ 60 IN MX 20 second", "@ 60 IN MX 10 first",
                        "first 60 IN A 127.0.0.71", "second 60 IN A 127.0.0.72",
                        "implicit 60 IN A 127.0.0.71",
                        "null 60 IN MX 0 .",
                        "loop 60 IN MX 10 mx.example.test.",
                        "backup 60 IN MX 10 first", "backup 60 IN MX 20 mx.example.test.", "backup 60 IN MX 30 second",
                        "nowhere 60 IN MX 10 not-there"],
}
BODY = b"From: sender@example.test\r\nSubject: by MX\r\n\r\ntext\r\n"


def host(ctx, address, **options):
    try:
        return ctx.peer(host=address, port=25, **options)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise lib.NotPermitted(f"listening on {address}:25: {error}") from None
        raise


def resolving_server(ctx):
    names = ctx.name_server(ZONES)
    return ctx.server(config={"dns": {"servers": [names.address]},
                              "queue": {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}})


def test_the_best_mx_host_takes_it_and_the_next_one_when_it_is_down(ctx):
    second = host(ctx, "127.0.0.72")
    server = resolving_server(ctx)
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    second.wait(1)
    first = host(ctx, "127.0.0.71")
    time.sleep(0.1)
    for recipient in ("other@foreign.example", "rcpt@implicit.foreign.example", "rcpt@backup.foreign.example"):
        server.send(recipient, BODY, sender="sender@example.test")
    wait_until(lambda: len(first.messages) + len(second.messages) == 4, 30 * ctx.patience, "all four")
    wait_queue_empty(server)
    arrived = {recipient for message in first.messages for recipient in message["recipients"]}
    check({"rcpt@implicit.foreign.example", "rcpt@backup.foreign.example"} <= arrived, f"first took {arrived}")
    log = " ".join(str(event) for event in server.events("deliver"))
    check("second.foreign.example[127.0.0.72]:25" in log, f"the log does not name the host: {log}")


def test_what_will_never_be_reached_comes_back_at_once(ctx):
    server = resolving_server(ctx)
    expected = {"null": ("5.1.10", "null MX"), "loop": ("5.4.6", "loops back"), "nowhere": ("5.4.4", "no mail host"),
                "unknown": ("5.1.2", "no such domain")}
    for name in expected:
        server.send(f"rcpt@{name}.foreign.example", BODY, sender="sender@example.test")
    seen = {}
    for mail in server.wait_mail("sender", len(expected)):
        _, fields, _ = report_of(mail)
        name = fields[1]["Final-Recipient"].split("@")[1].split(".")[0]
        seen[name] = (fields[1]["Status"], fields[1]["Action"])
        check(expected[name][1].encode() in mail, f"the bounce of {name} does not say why: {mail.decode()}")
    check_equal(seen, {name: (status, "failed") for name, (status, _) in expected.items()}, "status and action")
    wait_queue_empty(server)


def test_without_an_answer_the_mail_waits(ctx):
    server = ctx.server(config={"dns": {"servers": [f"127.0.0.1:{lib.free_port()}"]},
                                "queue": {"retry": {"first": "60s", "max": "60s"}, "min_free_disk": "16MiB"}})
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: server.events("defer"), 60 * ctx.patience, "a deferral")
    check_equal(server.events("defer")[0].get("enhanced"), "4.4.3", "enhanced code")
    check_equal(queued(server), 1, "queued")
