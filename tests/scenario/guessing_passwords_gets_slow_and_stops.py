"""Who guesses passwords waits longer each time and is then sent away, with a reply that says why and for how long; the
owner of the account, from another address, is not locked out, and the guesser's own address is free again in the end."""

import re
import time

from lib import ALICE, BOB, Closed, check, check_equal

GUESSER, OWNER = "127.0.0.3", "127.0.0.2"


def guess(server, source, login="alice", password="guess"):
    """(reply, seconds) of one wrong login in a session of its own."""
    with server.session(source=source) as client:
        begin = time.monotonic()
        return client.auth_plain(login, password, expect=None), time.monotonic() - begin


def test_guessing_gets_slow_and_stops(ctx):
    server = ctx.secure_server(config={"limits": {"auth_failures_max": 4, "auth_failure_delay": "300ms"}})
    waits = []
    for number in range(3):
        reply, seconds = guess(server, GUESSER, password=f"guess {number}")
        check(reply.text.startswith("535 5.7.8"), f"a wrong password was answered {reply!r}")
        waits.append(seconds)
    check(waits[0] >= 0.25 and waits[1] >= 0.55 and waits[2] >= 1.15, f"the delays do not double from 0.3 s: {waits}")
    check(waits[0] < 5 * ctx.patience, f"even the first failure waits {waits[0]} s")
    reply, _ = guess(server, GUESSER)
    if reply.code == 535:
        reply, _ = guess(server, GUESSER)
    check_equal(reply.code, 421, "reply to the guesser at the limit")
    check(len(reply.lines) > 1 and all(line.startswith((b"421-4.7.0 ", b"421 4.7.0 ")) for line in reply.lines),
          f"421 is not multi-line with 4.7.0 throughout: {reply!r}")
    print("  " + reply.text.replace("\n", "\n  "), flush=True)
    check(re.search(r"try again in \d+m", reply.text), f"421 does not say for how long: {reply!r}")
    reply, _ = guess(server, GUESSER, password=ALICE.password)
    check_equal(reply.code, 421, "reply to the guesser who now knows the password")
    with server.session(source=OWNER, who=ALICE) as client:  # nobody locks anybody out
        client.command("NOOP", 250)
    with server.session(source=OWNER, who=BOB) as client:
        client.command("NOOP", 250)
    check_equal({e.get("login") for e in server.logins(result="failed")}, {"alice"}, "logins in the failed auth events")
    text = server.log_text()
    check("guess 0" not in text and ALICE.password not in text, "the log shows a password")
    failed = [v for k, v in server.metrics().items() if "auth_total" in k and "PLAIN" in k and "failed" in k]
    check(sum(failed) >= 4, f"failed logins in the metrics: {failed}")


def test_many_logins_from_one_address_are_one_guesser(ctx):
    server = ctx.secure_server(config={"limits": {"auth_failures_max": 4, "auth_failure_delay": "10ms"}})
    codes = [guess(server, GUESSER, login=f"user{number}")[0].code for number in range(6)]
    check(codes[:3] == [535] * 3 and codes[5] == 421, f"replies to six logins that do not exist: {codes}")
    check_equal(guess(server, OWNER, login="user0")[0].code, 535, "reply to another address")


def test_after_the_penalty_the_address_is_free(ctx):
    server = ctx.secure_server(config={"limits": {"auth_failures_max": 2, "auth_failure_delay": "10ms",
                                                  "auth_failures_window": "2s", "auth_failures_penalty": "2s"}})
    for _ in range(3):
        guess(server, GUESSER)
    check_equal(guess(server, GUESSER, password=ALICE.password)[0].code, 421, "reply within the penalty")
    time.sleep(3)
    check_equal(guess(server, GUESSER, password=ALICE.password)[0].code, 235, "reply after the penalty")


def test_endless_tries_in_one_session_end(ctx):
    server = ctx.secure_server(config={"limits": {"auth_failures_max": 100, "auth_failure_delay": "0s", "errors_max": 6}})
    with server.session(source=GUESSER) as client:
        try:
            codes = [client.auth_plain("alice", f"guess {n}", expect=None).code for n in range(100)]
        except (Closed, OSError):  # it ended the session; the next try may meet that while it is being written
            return
        check(421 in codes, f"a hundred wrong passwords in one session: {codes}")


def test_unknown_login_and_wrong_password_say_and_cost_the_same(ctx):
    server = ctx.secure_server(config={"limits": {"auth_failures_max": 0, "auth_failure_delay": "0s"}})
    said, cost = {}, {}
    for login in ("alice", "nobody") * 5:
        reply, seconds = guess(server, OWNER, login)
        said.setdefault(login, set()).add(reply.text)
        cost.setdefault(login, []).append(seconds)
    check_equal(said["alice"], said["nobody"], "replies to a wrong password and to an unknown login")
    low, high = sorted(min(times) for times in cost.values())
    check(high < 4 * low + 0.05, f"seconds for a wrong password and for an unknown login differ: {cost}")
