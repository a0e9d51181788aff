"""Access tokens log in (OAUTHBEARER, XOAUTH2): signed ones against a file of keys or a URL, opaque ones by asking their
issuer. A token that is forged, expired, for somebody else or from somebody else is not good for anything, and an issuer that
is down is told apart from a bad token."""

import base64
import hashlib
import hmac
import json
import time

from lib import ALICE, BOB, base64_text, check, check_equal
from support import login_clients as clients
from support.certificates import openssl
from support.tokens import AUDIENCE, ISSUER, Issuer, TokenEndpoint, base64url

PRESETS = ["release"]

MECHANISMS = ["OAUTHBEARER", "XOAUTH2", "PLAIN"]


def believing(ctx, **source):
    issuer = {"issuer": ISSUER, "audience": AUDIENCE, "scope": "mail.send", "login_claim": "preferred_username"} | source
    return ctx.secure_server(mechanisms=MECHANISMS, config={"token_issuer": [issuer],
                                                            "limits": {"auth_failures_max": 0, "auth_failure_delay": "0s"}})


def bearer(login, token):
    return base64_text(f"n,a={login},\1host=mx.example.test\1port=587\1auth=Bearer {token}\1\1")


def verdict(server, token, login="alice"):
    """The last reply to OAUTHBEARER: the failure's own 334 (RFC 7628 3.2.2) is answered as a client must."""
    with server.session() as client:
        reply = client.command(f"AUTH OAUTHBEARER {bearer(login, token)}")
        return client.command("AQ==") if reply.code == 334 else reply


def test_curl_msmtp_and_nodemailer_log_in_with_a_signed_token(ctx):
    ctx.need("curl", "msmtp", "node")
    issuer = Issuer(ctx.folder / "issuer")
    server = believing(ctx, keys_file=issuer.keys_file)
    sent = 0
    for role in ("submission", "submissions"):
        for algorithm in ("ES256", "RS256"):  # curl takes OAUTHBEARER where both are offered, whatever it is told
            with server.one_login("OAUTHBEARER", ALICE):
                clients.curl(server, "OAUTHBEARER", ALICE, "--oauth2-bearer", issuer.token("alice", algorithm), user="alice:",
                             role=role)
            sent += 1
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            with server.one_login(mechanism, ALICE):
                clients.msmtp(server, mechanism, ALICE, ctx.folder, role=role, password=issuer.token("alice"))
            sent += 1
        with server.one_login("XOAUTH2", ALICE):
            clients.nodemailer(server, "XOAUTH2", ALICE, role=role,
                               auth={"type": "OAuth2", "user": "alice", "accessToken": issuer.token("alice")})
        sent += 1
    server.wait_mail("box", sent)


def test_a_bad_token_is_good_for_nothing(ctx):
    issuer, forger = Issuer(ctx.folder / "issuer"), Issuer(ctx.folder / "forger")
    server = believing(ctx, keys_file=issuer.keys_file)
    good = issuer.token("alice")
    head, claims, signature = good.split(".")
    none = ".".join([base64url(b'{"alg":"none","typ":"JWT"}'), claims, ""])
    secret = openssl("pkey", "-in", issuer.keys["RS256"], "-pubout")
    bad = {
        "another key": forger.token("alice"),
        "another key, no kid": forger.token("alice", header={"kid": "other"}),
        "alg none": none,
        "HMAC with the public key": hmac_token(issuer, secret),
        "claims changed": ".".join([head, base64url(json.dumps(issuer.claims("bob")).encode()), signature]),
        "no signature": f"{head}.{claims}.",
        "expired": issuer.token("alice", exp=1700000000),
        "no expiry": issuer.token("alice", exp=None),
        "not yet": issuer.token("alice", nbf=4000000000),
        "another issuer": issuer.token("alice", iss="https://login.example.net/"),
        "another audience": issuer.token("alice", aud="somebody else"),
        "no audience": issuer.token("alice", aud=None),
        "another scope": issuer.token("alice", scope="calendar"),
        "no account": issuer.token("nobody"),
        "no name": issuer.token("alice", preferred_username=None),
        "a name that is no text": issuer.token("alice", preferred_username=["alice"]),
        "not a token": "hello",
        "endless": "A" * 8000,
    }
    for what, token in bad.items():
        reply = verdict(server, token)
        check(reply.text.startswith("535 5.7.8") or (reply.code == 501 and "5.5." in reply.text), f"{what}: answered {reply!r}")
    check_equal(verdict(server, good, login="bob").code, 535, "alice's token used as bob")
    check_equal(server.logins(), [], "logins that succeeded")
    check_equal(verdict(server, good).code, 235, "the good token")
    check(signature not in server.log_text(), "the log shows a token")


def hmac_token(issuer, secret):
    text = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, issuer.claims("alice")))
    return text + "." + base64url(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def test_a_failure_tells_the_client_what_to_ask_for(ctx):
    issuer = Issuer(ctx.folder / "issuer")
    server = believing(ctx, keys_file=issuer.keys_file)
    with server.session() as client:
        reply = client.command(f"AUTH OAUTHBEARER {bearer('alice', issuer.token('alice', exp=1700000000))}", 334)
        told = json.loads(base64.b64decode(reply.lines[0][4:]))
        check_equal(told.get("status"), "invalid_token", "status in the failure of RFC 7628 3.2.2")
        client.command("AQ==", 535)
        client.command("AUTH OAUTHBEARER " + bearer("alice", issuer.token("alice")), 235)


def test_keys_come_from_a_url(ctx):
    issuer = Issuer(ctx.folder / "issuer")
    endpoint = ctx.keep(TokenEndpoint(issuer.key_set()))
    endpoint.down = True
    server = believing(ctx, jwks_url=endpoint.url + "/keys")
    check(verdict(server, issuer.token("alice")).text.startswith("454 4.7.0"), "keys that cannot be fetched are not 454 4.7.0")
    endpoint.down = False
    reply = verdict(server, issuer.token("alice"))
    for _ in range(30):  # a failed fetch may be remembered for a moment
        if reply.code == 235:
            break
        time.sleep(0.5)
        reply = verdict(server, issuer.token("alice"))
    check_equal(reply.code, 235, "verdict with keys from a URL")
    asked = len(endpoint.asked)
    check_equal(verdict(server, issuer.token("alice")).code, 235, "verdict a second time")
    check_equal(len(endpoint.asked), asked, "fetches of keys that are known")


def test_an_opaque_token_is_asked_about(ctx):
    endpoint = ctx.keep(TokenEndpoint())
    secret = ctx.folder / "secret"
    secret.write_text("s3cret\n")
    claims = Issuer(ctx.folder / "issuer").claims
    server = believing(ctx, introspection_url=endpoint.url + "/introspect", client_id="ringpost", client_secret_file=str(secret))
    endpoint.active = {"alices-token": claims("alice"), "bobs-token": claims("bob"), "old-token": claims("alice", exp=1700000000)}
    with server.one_login("OAUTHBEARER", ALICE):
        check_equal(verdict(server, "alices-token").code, 235, "verdict on alice's token")
    with server.one_login("OAUTHBEARER", BOB):
        check_equal(verdict(server, "bobs-token", "bob").code, 235, "verdict on bob's token")
    for token in ("unknown-token", "old-token", "bobs-token"):
        check_equal(verdict(server, token).code, 535, f"verdict on {token} as alice")
    endpoint.down = True
    check(verdict(server, "fresh-token").text.startswith("454 4.7.0"), "an issuer that is down is not 454 4.7.0")
    endpoint.stop()
    check(verdict(server, "fresh-token-2").text.startswith("454 4.7.0"), "an issuer that is away is not 454 4.7.0")
    with server.session(who=ALICE) as client:
        client.command("NOOP", 250)
