"""A certificate is enough to log in (EXTERNAL) where its authority is ours and a name in it is an account; a certificate of
another authority, or of nobody we know, is not."""

from lib import ALICE, BOB, base64_text, check, check_equal
from support import login_clients as clients
from support.certificates import Authority, authority
from support.people import client_context

PRESETS = ["release"]


def knowing_server(ctx):
    return ctx.secure_server(config={"tls": {"client_ca": authority().ca}}, mechanisms=["EXTERNAL", "SCRAM-SHA-256", "PLAIN"])


def test_curl_and_msmtp_log_in_with_a_certificate(ctx):
    ctx.need("curl", "msmtp")
    server = knowing_server(ctx)
    pair = authority().client(ALICE.login)
    for role in ("submission", "submissions"):
        with server.one_login("EXTERNAL", ALICE):
            clients.curl(server, "EXTERNAL", ALICE, "--cert", pair.certificate, "--key", pair.key, user="alice:", role=role)
        with server.one_login("EXTERNAL", ALICE):
            clients.msmtp(server, "EXTERNAL", ALICE, ctx.folder, f"tls_cert_file {pair.certificate}",
                          f"tls_key_file {pair.key}", role=role, password=False)
    server.wait_mail("box", 4)


def test_external_is_offered_only_to_a_certificate_we_trust(ctx):
    server = knowing_server(ctx)
    foreign = Authority(ctx.folder / "foreign")
    for pair, offered in ((None, False), (foreign.client("alice"), False), (authority().client("alice"), True)):
        for role in ("submission", "submissions"):
            with server.session(role, context=client_context(pair)) as client:
                check_equal("EXTERNAL" in client.mechanisms(), offered, f"EXTERNAL for {pair and pair.certificate}")
                if not offered:
                    client.command("AUTH EXTERNAL =", "504")
                    client.auth_plain(ALICE.login, ALICE.password)  # a certificate that helps nothing harms nothing


def test_a_certificate_acts_for_its_own_account_only(ctx):
    server = knowing_server(ctx)
    with server.session(context=client_context(authority().client("alice"))) as client:
        reply = client.command("AUTH EXTERNAL " + base64_text(BOB.login), 535)
        check("5.7.8" in reply.text, f"alice's certificate as bob: {reply!r}")
        client.command("AUTH EXTERNAL " + base64_text(ALICE.login), 235)
    with server.session(context=client_context(authority().client("stranger"))) as client:
        client.command("AUTH EXTERNAL =", 535)
    with server.session(context=client_context(authority().client("by-mail", ALICE.login))) as client:
        client.command("AUTH EXTERNAL =", 235)  # rfc822Name goes before the common name
