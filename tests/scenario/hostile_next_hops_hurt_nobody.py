"""Lying, endless, silent and broken next hops, all at once: each is put off or given up in the right class with a line
that can be read, and mail to others leaves at once all the while."""

import base64
import json
import re
import time

from _peers import queued
from lib import check, check_equal
from reload_changes_all_or_nothing import change, fixed
from support.certificates import authority
from support.rogue import Rogue, Talk, at, drip, drown

BODY = b"From: sender@example.test\r\nSubject: x\r\n\r\ntext\r\n"
LARGE = BODY + b"sixty-four octets and their CRLF, so that many of them make it large\r\n" * 200_000
SHORT = {f"{name}_timeout": "2s" for name in ("connect", "tls_handshake", "greeting", "command", "data_initiation",
                                              "data_block", "data_termination")}
NOISE = b"\x16\x03\x03\xff\xff" + bytes(range(256)) * 8
UGLY = b"\x1b[2J\x00\x07\x08 \r no\r\r such\x9b\xc2\x9b user\xff \xe2\x80\xae\"}, \"event\": \"deliver\" \\"
TAKEN = "250 2.0.0 taken"
PASSWORD = "correct horse"
PLAIN = base64.b64encode(b"\0us\0" + PASSWORD.encode()).decode()
LINE_OCTETS_MAX = 3000
TLS = ["STARTTLS"]
PIPED = ["PIPELINING"]
GO = "220 2.0.0 go ahead"


def tls(talk):
    talk.start_tls(authority().server())


def bare_noise(talk):
    talk.bare.sendall(NOISE)


def mail_by_tls(talk):
    talk.behave_until("MAIL", greet=False)


def refuse_login(talk):
    """Says the password back, as it came."""
    talk.behave_until("AUTH", ["AUTH PLAIN"], greet=False)
    check(PLAIN in talk.heard[-1], f"another login than expected: {talk.heard}")
    talk.say(f"535 5.7.8 no such login: {talk.heard[-1]}, which is {PASSWORD}")


def hear_a_little(talk):
    talk.connection.recv(1000)


def rest_of_session(talk):
    talk.behave_until("QUIT", greet=False)


def large_reply(code):
    return b"".join(b"%d-5.0.0 %s\r\n" % (code, b"long" * 120) for _ in range(99)) + b"%d 5.0.0 end\r\n" % code


# Name: what it does, the event that follows, its enhanced code, and what the line says.
ROGUES = {
    "greeting-lines": (at(None, drown(b"220-x\r\n" * 9)), "defer", "4.4.1", "too many lines"),
    "greeting-line": (at(None, drown(b"220 " + b"x" * 9000)), "defer", "4.4.1", "without end"),
    "ehlo-lines": (at("EHLO", drown(b"250-x\r\n" * 9)), "defer", "4.4.1", "too many lines"),
    "rcpt-line": (at("RCPT", drown(b"250 " + b"x" * 9000)), "defer", "4.4.2", "without end"),
    "final-lines": (at(".", drown(b"250-2.0.0 x\r\n")), "defer", "4.4.2", "too many lines"),
    "nul-flood": (at("MAIL", drown(bytes(9000))), "defer", "4.4.2", "without end"),

    "drip": (at(None, drip(b"220-" + b"x" * 99, 0.1)), "defer", "4.4.1", "instead of a greeting: .*timed out"),
    "no-greeting": (at(None), "defer", "4.4.1", "instead of a greeting: .*timed out"),
    "no-ehlo": (at("EHLO"), "defer", "4.4.1", "after EHLO: .*timed out"),
    "no-mail": (at("MAIL"), "defer", "4.4.2", "after MAIL: .*timed out"),
    "no-rcpt": (at("RCPT"), "defer", "4.4.2", "after RCPT: .*timed out"),
    "no-data": (at("DATA"), "defer", "4.4.2", "after DATA: .*timed out"),
    "no-final": (at("."), "defer", "4.4.2", "after the message: .*timed out"),
    "not-reading": (at("DATA block", lambda talk: time.sleep(8)), "defer", "4.4.2", "within the message: .*timed out"),

    "half-closed": (at(None, Talk.half_close), "defer", "4.4.1", "closed the connection"),
    "half-mail": (at("MAIL", b"250 2.1", Talk.half_close), "defer", "4.4.2", "in the middle of a reply"),
    "half-data": (at("DATA block", Talk.half_close), "defer", "4.4.2", "closed the connection"),
    "half-taken": (at(".", TAKEN, Talk.half_close), "deliver", "2.0.0", "taken"),

    "ssh": (at(None, "SSH-2.0-OpenSSH_9.2"), "defer", "4.4.1", "not a reply: SSH"),
    "http": (at(None, "HTTP/1.1 400 Bad Request", "Content-Length: 0", ""), "defer", "4.4.1", "not a reply: HTTP"),
    "greeting-354": (at(None, "354 go ahead"), "defer", "4.4.1", "354 go ahead"),
    "ehlo-999": (at("EHLO", "999 no"), "defer", "4.4.1", "not a reply: 999"),
    "mail-354": (at("MAIL", "354 go ahead", rest_of_session), "defer", "4.5.0", "354 go ahead"),
    "mail-999": (at("MAIL", "999 no"), "defer", "4.4.2", "not a reply: 999"),
    "rcpt-354": (at("RCPT", "354 go ahead", rest_of_session), "defer", "4.5.0", "354 go ahead"),
    "rcpt-words": (at("RCPT", "yes, please"), "defer", "4.4.2", "not a reply: yes"),
    "rcpt-letter": (at("RCPT", "25O ok"), "defer", "4.4.2", "not a reply: 25O"),
    "rcpt-mixed": (at("RCPT", b"250-yes\r\n550 no\r\n"), "defer", "4.4.2", "differ in code"),
    "data-250": (at("DATA", "250 2.0.0 taken as it is", rest_of_session), "defer", "4.5.0", "250 2.0.0 taken as"),
    "data-221": (at("DATA", "221 2.0.0 bye"), "defer", "4.5.0", "221 2.0.0 bye"),
    "final-100": (at(".", "100 continue"), "defer", "4.4.2", "not a reply: 100"),
    "final-354": (at(".", "354 more", rest_of_session), "defer", "4.5.0", "354 more"),
    "two-at-once": (at("MAIL", b"250 2.1.0 ok\r\n550 5.1.1 no\r\n"), "defer", "4.4.2", "spoke out of turn"),

    "piped-no-rcpt": (at("RCPT", offers=PIPED), "defer", "4.4.2", "after RCPT: .*timed out"),
    "piped-354": (at("RCPT", "354 go ahead", rest_of_session, offers=PIPED), "defer", "4.5.0", "354 go ahead"),
    "piped-250": (at("DATA", "250 2.0.0 taken as", rest_of_session, offers=PIPED), "defer", "4.5.0", "taken as"),
    "piped-lines": (at("RCPT", drown(b"250-x\r\n"), offers=PIPED), "defer", "4.4.2", "after RCPT: .*too many lines"),
    "piped-reset": (at("DATA", Talk.reset, offers=PIPED), "defer", "4.4.2", "after DATA: .*reset"),

    "reset": (at(None, Talk.reset), "defer", "4.4.1", "[Cc]onnection (was )?reset"),
    "reset-ehlo": (at("EHLO", b"250-x", Talk.reset), "defer", "4.4.1", "reset"),
    "reset-block": (at("DATA block", hear_a_little, Talk.reset), "defer", "4.4.2", "reset|[Bb]roken pipe"),
    "reset-final": (at(".", Talk.reset), "defer", "4.4.2", "reset"),
    "reset-taken": (at(".", TAKEN, Talk.reset), "deliver", "2.0.0", "taken"),
    "reset-quit": (at("QUIT", Talk.reset), "deliver", "2.0.0", "taken"),

    "tls-noise": (at("STARTTLS", GO, NOISE, offers=TLS), "defer", "4.7.5", "TLS"),
    "tls-words": (at("STARTTLS", GO, hear_a_little, "250 2.0.0 ok", offers=TLS), "defer", "4.7.5", "TLS"),
    "tls-injected": (at("STARTTLS", b"220 go\r\n250 2.0.0 ok\r\n", offers=TLS), "defer", "4.7.5", "in clear text"),
    "tls-silent": (at("STARTTLS", GO, offers=TLS), "defer", "4.7.5", "in the TLS handshake: .*timed out"),
    "tls-half": (at("STARTTLS", GO, hear_a_little, Talk.half_close, offers=TLS), "defer", "4.7.5", "left during"),
    "tls-reset": (at("STARTTLS", GO, hear_a_little, Talk.reset, offers=TLS), "defer", "4.7.5", "reset"),
    "tls-flood": (at("STARTTLS", GO, drown(b"\x16\x03\x03\x40\x00" + bytes(0x4000)), offers=TLS), "defer", "4.7.5",
                  "TLS"),
    "tls-later": (at("STARTTLS", GO, tls, mail_by_tls, bare_noise, offers=TLS), "defer", "4.4.2", "TLS"),
    "tls-echo": (at("STARTTLS", GO, tls, refuse_login, offers=TLS), "defer", "4.7.8", "535 5.7.8 .*left out"),
    "smtps-noise": (at(None, NOISE), "defer", "4.7.5", "TLS"),
    "smtps-words": (at(None, "220 rogue.example ESMTP"), "defer", "4.7.5", "TLS"),
    "smtps-silent": (at(None), "defer", "4.7.5", "in the TLS handshake: .*timed out"),
    "may-tls-noise": (at("STARTTLS", GO, NOISE, offers=TLS), "deliver", "2.0.0", "taken"),
    "may-tls-silent": (at("STARTTLS", GO, offers=TLS), "deliver", "2.0.0", "taken"),

    "ugly-greeting": (at(None, b"554 5.3.2 " + UGLY + b"\r\n"), "defer", "4.4.1", r"\\x1b\[2J\\x00"),
    "ugly-ehlo": (at("EHLO", b"250-" + UGLY + b"\r\n250 SIZE\x00\x1b\r\n"), "defer", "4.4.2", "timed out"),
    "ugly-words": (at("MAIL", UGLY + b"\r\n"), "defer", "4.4.2", r"not a reply: \\x1b"),
    "ugly-rcpt": (at("RCPT", b"550 5.1.1 " + UGLY + b"\r\n", rest_of_session), "bounce", "5.1.1", r"\\x9b user"),
    "ugly-taken": (at(".", b"250 2.0.0 " + UGLY + b"\r\n", rest_of_session), "deliver", "2.0.0", r"\\x00\\x07"),
    "long-refusal": (at("RCPT", large_reply(550), rest_of_session), "bounce", "5.0.0", "longlong"),
}


def relay(ctx, quick):
    """A server with a route to each rogue, all of which listen."""
    secret = ctx.folder / "password"
    secret.write_text(PASSWORD + "\n")
    rogues = {}
    routes = [{"domain": "quick.example", "next_hop": quick.next_hop}]
    for name, (act, *_) in ROGUES.items():
        rogues[name] = Rogue(act)
        ctx.on_exit(rogues[name].stop)
        route = {"domain": f"{name}.example", "next_hop": rogues[name].next_hop("smtps" if "smtps" in name else "smtp")}
        if name.startswith("tls"):
            route["tls"] = "required"
        if name == "tls-echo":
            route["auth"] = {"user": "us", "password_file": str(secret)}
        routes.append(route)
    config = {"route": routes, "delivery": SHORT, "queue": {"min_free_disk": "16MiB", "retry": {"first": "1h"}}}
    return ctx.server(config=config), rogues


def outcomes(server):
    """Of each rogue: the events in which its message was delivered, put off or given up."""
    found = {name: [] for name in ROGUES}
    for event in server.log_events():
        name = event.get("to", "").partition("@")[2].removesuffix(".example")
        if event["event"] in ("deliver", "defer", "bounce") and name in found:
            found[name].append(event)
    return found


def check_lines(server):
    """Every line of the log is one event, in printable ASCII, and of bounded length."""
    for line in server.log_path.read_bytes().splitlines():
        check(re.fullmatch(rb"[ -~]*", line), f"a line that is not printable: {line!r}")
        check(len(line) <= LINE_OCTETS_MAX, f"a line of {len(line)} octets: {line[:300]!r}")
        check(isinstance(json.loads(line), dict), f"no event: {line!r}")


def test_hostile_next_hops_hurt_nobody(ctx):
    quick = ctx.peer()
    server, rogues = relay(ctx, quick)
    for name in ROGUES:
        server.send(f"rcpt@{name}.example", LARGE if name in ("not-reading", "reset-block") else BODY,
                    sender="sender@example.test")
    waits = []
    while not all(outcomes(server).values()):
        started = time.monotonic()
        server.send("rcpt@quick.example", BODY, sender="sender@example.test")
        quick.wait(len(waits) + 1)
        waits.append(time.monotonic() - started)
        check(waits[-1] < 1.0 * ctx.patience, f"mail to a healthy next hop waited {waits[-1]:.2f} s")
        missing = [name for name, events in outcomes(server).items() if not events]
        check(len(waits) < 300, f"nothing is known of {missing}")
        time.sleep(0.1)

    wrong = []
    for name, events in outcomes(server).items():
        _, event, code, words = ROGUES[name]
        seen = [(each["event"], each.get("enhanced")) for each in events]
        if seen != [(event, code)] or not re.search(words, events[0].get("reply", "")):
            wrong.append(f"{name}: expected {event} {code} {words!r}: {events}")
    check(not wrong, "\n".join(wrong))
    check_lines(server)
    tries = {name: rogue.connections for name, rogue in rogues.items()}
    check_equal(tries, {name: 2 if name.startswith("may-tls") else 1 for name in ROGUES}, "connections to each")
    check_equal(queued(server), sum(event == "defer" for _, event, _, _ in ROGUES.values()), "messages that wait")
    check(PASSWORD not in server.log_text() and PLAIN not in server.log_text(), "a password in the log")
    for bounce in server.wait_mail("sender", sum(event == "bounce" for _, event, _, _ in ROGUES.values())):
        check(re.fullmatch(rb"[ -~\r\n\t]*", bounce), f"what a bounce says of a peer is not printable: {bounce!r}")


def test_other_waits_hold_from_the_next_reload(ctx):
    silent = Rogue(at(None))
    ctx.on_exit(silent.stop)
    server = fixed(ctx, route=[{"domain": "*", "next_hop": silent.next_hop()}], delivery={"greeting_timeout": "1h"})
    change(server, delivery={"greeting_timeout": "1s"})
    said = server.cli("reload")
    check('[delivery] greeting_timeout: "1s", was "1h"' in said and "in force: 1 change" in said, said)
    server.send("rcpt@far.example", BODY, sender="sender@example.test")
    check_equal(server.wait_event("defer", 10)["enhanced"], "4.4.1", "enhanced code")
