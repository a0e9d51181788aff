"""`ringpost reload` and SIGHUP: the new configuration takes the place of the old one as a whole, or, with every reason
told, not at all. Who is in the middle of a transaction finishes it as it began."""

import os
import signal

from lib import ALICE, check, check_equal, wait_until

from support.base import free_port


def change(server, **tables):
    for name, value in tables.items():
        if isinstance(value, dict):
            server.config.setdefault(name, {}).update(value)
        else:
            server.config[name] = value
    server.write_config()


def fixed(ctx, **config):
    """A server whose file names its ports from the beginning: a port that changes is a change."""
    config.setdefault("listener", [{"address": f"127.0.0.1:{free_port()}", "role": "mx"}])
    return ctx.server(config={"admin": {"address": f"127.0.0.1:{free_port()}"}, **config})


def answered(server, port, timeout=5):
    with server.client(port=port, timeout=timeout) as client:
        return client.greet()


def test_domains_limits_routes_and_the_log_level_follow(ctx):
    old, new = ctx.peer(), ctx.peer()
    server = fixed(ctx, route=[{"domain": "*", "next_hop": old.next_hop}], limits={"recipients_max": 10})
    with server.client() as running, server.client() as busy:
        running.greet()
        running.send("a@example.net", "first@far.test", "Subject: 1\r\n\r\n")
        old.wait(1)
        busy.greet()
        busy.command("MAIL FROM:<a@example.net>", 250)
        busy.command("RCPT TO:<x@example.test>", 250)
        busy.command("RCPT TO:<x@late.test>", 250)  # relayed: the client is trusted
        change(server, route=[{"domain": "*", "next_hop": new.next_hop}], log={"level": "warning"},
               limits={"recipients_max": 2, "message_size_max": "64KiB"},
               domain=server.config["domain"] + [{"name": "late.test", "deliver": f"maildir:{server.folder}/mail/late/{{local}}"}])
        said = server.cli("reload")
        check('[limits] recipients_max: 2, was 10' in said and '[[domain]] "late.test": new' in said, said)
        check(f'[[route]] "*" next_hop: "{new.next_hop}", was "{old.next_hop}"' in said, said)
        check("[log] level" in said and "in force: 5 changes" in said, said)
        busy.command("RCPT TO:<y@example.test>", 250)  # it began with ten
        busy.command("RSET", 250)
        busy.command("MAIL FROM:<a@example.net>", 250)
        for local in "abc":
            busy.command(f"RCPT TO:<{local}@late.test>", 250 if local != "c" else 452)
        running.send("a@example.net", "second@far.test", "Subject: 2\r\n\r\n")
        running.send("a@example.net", "box@late.test", "Subject: local now\r\n\r\n")
        check("SIZE 65536" in running.hello().extensions, "EHLO offers the old size")
    new.wait(1)
    check_equal([m["recipients"] for m in old.messages], [["first@far.test"]], "what the old next hop got")
    check_equal([m["recipients"] for m in new.messages], [["second@far.test"]], "what the new next hop got")
    wait_until(lambda: list((server.folder / "mail" / "late" / "box" / "new").glob("*")), 10 * ctx.patience, "mail of the new domain")
    before = len(server.log_text())
    with server.client() as client:
        client.greet()
    check_equal(len(server.log_text()), before, "octets of the log, at level warning")


def test_listeners_come_and_go(ctx):
    server = fixed(ctx, listener=[{"address": f"127.0.0.1:{free_port()}", "role": "mx"} for _ in range(2)])
    first, second = (server.address(i)[1] for i in range(2))
    third = free_port()
    staying, leaving = server.client(port=first), server.client(port=second)
    staying.greet(), leaving.greet()
    change(server, listener=[server.config["listener"][0], {"address": f"127.0.0.1:{third}", "role": "mx"}])
    server.cli("reload")
    check(leaving.reply().code == 421 and leaving.at_end(), "a session of the listener that has gone is not told 421")
    answered(server, third)
    staying.send("a@example.net", "kept@example.test", "Subject: still here\r\n\r\n")
    try:
        answered(server, second)
        check(False, "the listener that has gone still answers")
    except OSError:
        pass
    change(server, listener=[server.config["listener"][0], {"address": f"127.0.0.1:{second}", "role": "mx"}])
    server.cli("reload")
    answered(server, second)
    staying.close(), leaving.close()
    server.wait_mail("kept")


def test_accounts_and_certificates_of_the_new_configuration_are_used(ctx):
    server = ctx.secure_server({"admin": {"address": f"127.0.0.1:{free_port()}"}}, start=False)
    for listener in server.config["listener"]:
        listener["address"] = f"127.0.0.1:{free_port()}"
    server.start()
    with server.session("submission", who=ALICE) as client:
        moved = server.folder / "users-without-alice.toml"
        server.cli("user", "add", "zoe@example.test", "--file", str(moved), "--password-stdin", stdin=b"zoe's own\n")
        change(server, auth={"users": f"file:{moved}"})
        server.cli("reload")
        client.send(ALICE.address, "box@example.test", f"From: {ALICE.address}\r\n\r\nlogged in before\r\n")
    with server.session("submission") as client:
        client.auth_plain(ALICE.login, ALICE.password, expect=535)
    with server.session("submission") as client:
        client.auth_plain("zoe@example.test", "zoe's own")


def test_whatever_is_wrong_is_told_and_nothing_changes(ctx):
    taken = ctx.peer()
    server = fixed(ctx, limits={"recipients_max": 10})
    good = server.config_path.read_text()
    server.config_path.write_text(good.replace("recipients_max = 10", "recipients_max = 1\nsesions_max = 3")
                                  .replace('role = "mx"', 'role = "mix"'))
    server.cli("reload", expect=78)  # the command reads the file too, and sees it at once
    server.signal(signal.SIGHUP)
    wait_until(lambda: refusals(server), 10 * ctx.patience, "the refusal in the log")
    reasons = [event["reason"] for event in server.events("error") if event.get("operation") == "reload"]
    check(any("sesions_max" in r and "sessions_max" in r for r in reasons) and any("role" in r for r in reasons), reasons)

    server.config_path.write_text(good)
    change(server, workers=1, queue={"max_age": "1d"}, limits={"recipients_max": 1},
           listener=server.config["listener"] + [{"address": f"{taken.host}:{taken.port}", "role": "mx"}],
           domain=server.config["domain"] + [{"name": "b.test", "deliver": "discard:", "recipients": "file:none.txt"},
                                             {"name": "c.test", "deliver": "maildir:/srv/elsewhere/{local}"}])
    said = server.cli("reload", expect=1) + server.cli_error
    for reason in ("workers: 1, was 2: needs a restart", "[queue] max_age", f"bind {taken.host}:{taken.port}", "none.txt",
                   "/srv/elsewhere was not among the paths",
                   "the old configuration stays in force"):
        check(reason in said, f"{reason!r} is not told: {said}")
    with server.client() as client:
        client.greet()
        client.command("MAIL FROM:<a@example.net>", 250)
        client.command("RCPT TO:<x@example.test>", 250)
        client.command("RCPT TO:<y@example.test>", 250)
    check(os.path.exists(f"/proc/{server.pid}"), "the server is gone")
    server.config_path.write_text(good)
    check("in force: 0 changes" in server.cli("reload"), "the old file is refused")


def refusals(server):
    return [event for event in server.events("reload") if "refused" in str(event.get("result"))]
