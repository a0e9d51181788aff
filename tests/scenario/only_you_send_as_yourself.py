"""The story the whole server is for: a stranger can't relay and can't use an address of ours; a colleague can't use yours,
neither in MAIL FROM nor in From:; you can. Each refusal has its code and names its rule; the replies are printed."""

from lib import ALICE, BOB, base64_text, check, check_equal

STRANGER = "127.0.0.2"  # base_config trusts 127.0.0.1 only
TO = "box@example.test"
LOOKALIKE = base64_text("\u0410li\u0441\u0435 \u0410rcher")  # Alice's name, some letters Cyrillic

_printed = set()


def message(sender, *fields):
    lines = [f"From: {sender}", *fields, "To: box@example.test", "Subject: who sends this", "", "text"]
    return "".join(line + "\r\n" for line in lines).encode()


def told(what, reply, code, rule=""):
    if what not in _printed:
        _printed.add(what)
        print(f"  {what}:\n    " + reply.text.replace("\n", "\n    "), flush=True)
    check(reply.text.startswith(code), f"{what}: answered {reply!r} instead of {code}")
    check(rule in reply.text, f"{what}: the reply does not name the rule {rule}: {reply!r}")


def answer_to_mail(client, sender):
    reply = client.command(f"MAIL FROM:<{sender}>")
    client.command("RSET", 250)
    return reply


def answer_to_data(client, envelope, body):
    client.command(f"MAIL FROM:<{envelope}>", 250)
    client.command(f"RCPT TO:<{TO}>", 250)
    client.command("DATA", 354)
    client.write(body + b".\r\n")
    return client.reply()


def test_a_stranger_cannot_relay(ctx):
    server = ctx.secure_server()
    with server.session("mx", STRANGER) as client:
        client.command("MAIL FROM:<someone@example.net>", 250)
        told("a stranger relays", client.command("RCPT TO:<victim@foreign.example>"), "550 5.7.1")
    for role in ("submission", "submissions"):
        with server.session(role, STRANGER) as client:
            told(f"a stranger at the {role} listener", client.command("MAIL FROM:<someone@example.net>"), "530 5.7.0")
            check_equal(client.command(f"RCPT TO:<{TO}>").code // 100, 5, "class of the reply to RCPT without AUTH")


def test_a_stranger_cannot_use_an_address_of_ours(ctx):
    server = ctx.secure_server()
    with server.session("mx", STRANGER) as client:
        told("a stranger says MAIL FROM alice", answer_to_mail(client, ALICE.address), "550 5.7.1", "local-domain-without-auth")
        told("a stranger writes From: alice",
             answer_to_data(client, "a@example.net", message(f"Alice <{ALICE.address}>")), "550 5.7.1",
             "local-domain-without-auth")
        told("and the same below a null sender", answer_to_data(client, "", message(ALICE.address)), "550 5.7.1",
             "local-domain-without-auth")
        client.send("a@example.net", TO, message("a@example.net"))  # as himself he may write to us
    server.wait_mail("box")


def test_a_colleague_cannot_use_yours(ctx):
    server = ctx.secure_server(config={"sender": {"display_name": "enforce"}, "limits": {"errors_max": 100}})
    for role in ("submission", "submissions"):
        with server.session(role, who=BOB) as client:
            told("bob says MAIL FROM alice", answer_to_mail(client, ALICE.address), "553 5.7.1", "envelope-not-yours")
            told("bob writes From: alice", answer_to_data(client, BOB.address, message(ALICE.address)), "550 5.7.1",
                 "from-not-yours")
            told("bob adds alice to From:",
                 answer_to_data(client, BOB.address, message(f"{BOB.address}, {ALICE.address}", f"Sender: {BOB.address}")),
                 "550 5.7.1", "from-not-yours")
            told("bob writes Sender: alice",
                 answer_to_data(client, BOB.address, message(BOB.address, f"Sender: {ALICE.address}")), "550 5.7.1",
                 "sender-not-yours")
            told("bob shows alice's name",
                 answer_to_data(client, BOB.address, message(f"Alice Archer <{BOB.address}>")), "550 5.7.1", "display-name")
            told("bob shows it in Cyrillic letters",
                 answer_to_data(client, BOB.address, message(f"=?utf-8?b?{LOOKALIKE}?= <{BOB.address}>")),
                 "550 5.7.1", "display-name")
            told("bob writes no From: at all", answer_to_data(client, BOB.address, b"Subject: none\r\n\r\n"), "550 5.7.1",
                 "from-missing")
            told("bob writes two",
                 answer_to_data(client, BOB.address, message(BOB.address, f"From: {ALICE.address}")), "550 5.7.1", "from-")
    check_equal(server.maildir("example.test", "box"), [], "mail that came through")


def test_you_can(ctx):
    server = ctx.secure_server()
    fields = f"Alice Archer <{ALICE.address}>"
    for role in ("submission", "submissions"):
        with server.session(role, who=ALICE) as client:
            client.send(ALICE.address, TO, message(fields))
            client.send(ALICE.addresses[1], TO, message(ALICE.addresses[1]))
    for mail in server.wait_mail("box", 4):
        check(b"with ESMTPSA" in mail, f"Received does not say ESMTPSA: {mail[:400]!r}")
        check(b"TLS" in mail.split(b"From:")[0], f"Received does not tell the TLS parameters: {mail[:400]!r}")


def test_a_null_sender_of_a_login_needs_its_own_from(ctx):
    server = ctx.secure_server()
    with server.session("submission", who=BOB) as client:
        told("bob hides behind the null sender", answer_to_data(client, "", message(ALICE.address)), "550 5.7.1",
             "from-not-yours")
        client.send("", TO, message(BOB.address))
    server.wait_mail("box")


def test_where_rules_are_only_logged_mail_passes_and_the_log_tells(ctx):
    server = ctx.secure_server(config={"sender": {"envelope": "log", "header": "log"}})
    with server.session("submission", who=BOB) as client:
        client.send(ALICE.address, TO, message(ALICE.address))
    server.wait_mail("box")
    rules = [event.get("rule") for event in server.events("warning")]
    check({"envelope-not-yours", "from-not-yours"} <= set(rules), f"rules in the log: {rules}\n{server.tail()}")
