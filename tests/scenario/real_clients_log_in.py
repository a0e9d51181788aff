"""Programs that people use log in: each by every mechanism it has and the server has, over STARTTLS on the submission
listener and, where it can, over TLS from the first octet. Each shows first that a wrong password keeps it out."""

from lib import ALICE, ROOT, Failure, check
from support import login_clients as clients
from support.people import client_context

PRESETS = ["release"]

MECHANISMS = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5",
              "DIGEST-MD5"]
BOTH = ("submission", "submissions")


def knowing_server(ctx, *more):
    return ctx.secure_server(mechanisms=[*MECHANISMS, *more], config={"limits": {"auth_failure_delay": "100ms"}})


def kept_out(server, mechanism, attempt):
    with server.one_login(mechanism, ALICE, "failed"):
        try:
            attempt()
        except (clients.Refused, Failure):
            return
        raise Failure(f"a wrong password was good enough by {mechanism}")


def let_in(server, mechanism, attempt):
    with server.one_login(mechanism, ALICE):
        attempt()


def both_let_in(server, mechanisms, login):
    """login(mechanism, role) gets in by each on both listeners, and sends a message to the box each time."""
    for role in BOTH:
        for mechanism in mechanisms:
            let_in(server, mechanism, lambda: login(mechanism, role))
    server.wait_mail("box", len(BOTH) * len(mechanisms))


def test_gsasl_logs_in_by_every_mechanism(ctx):
    ctx.need("gsasl")
    server = knowing_server(ctx)
    kept_out(server, "SCRAM-SHA-256", lambda: clients.gsasl(server, "SCRAM-SHA-256", ALICE, password="wrong"))
    for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5",
                      "DIGEST-MD5"):
        let_in(server, mechanism, lambda: clients.gsasl(server, mechanism, ALICE))


def test_gsasl_binds_to_a_channel_of_tls_1_2_too(ctx):
    ctx.need("gsasl")
    server = knowing_server(ctx)
    for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
        let_in(server, mechanism, lambda: clients.gsasl(server, mechanism, ALICE, "--priority=NORMAL:-VERS-TLS1.3"))
    check({e.get("version") for e in server.events("tls")} == {"TLSv1.2"}, "not every handshake was TLS 1.2")


def test_swaks_logs_in_by_every_mechanism(ctx):
    ctx.need("swaks")
    server = knowing_server(ctx)
    kept_out(server, "PLAIN", lambda: clients.swaks(server, "PLAIN", ALICE, password="wrong"))
    both_let_in(server, ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"),
                lambda mechanism, role: clients.swaks(server, mechanism, ALICE, role))


def test_curl_logs_in_by_every_mechanism(ctx):
    ctx.need("curl")
    server = knowing_server(ctx)
    kept_out(server, "PLAIN", lambda: clients.curl(server, "PLAIN", ALICE, user="alice:wrong"))
    both_let_in(server, ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"),
                lambda mechanism, role: clients.curl(server, mechanism, ALICE, role=role))


def test_curl_logs_in_by_ntlm(ctx):
    ctx.need("curl")
    server = knowing_server(ctx, "NTLM")
    kept_out(server, "NTLM", lambda: clients.curl(server, "NTLM", ALICE, user="alice:wrong"))
    both_let_in(server, ["NTLM"], lambda _, role: clients.curl(server, "NTLM", ALICE, role=role))


def test_msmtp_logs_in_by_every_mechanism(ctx):
    ctx.need("msmtp")
    server = knowing_server(ctx)
    kept_out(server, "SCRAM-SHA-256", lambda: clients.msmtp(server, "SCRAM-SHA-256", ALICE, ctx.folder, password="wrong"))
    both_let_in(server, ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
                lambda mechanism, role: clients.msmtp(server, mechanism, ALICE, ctx.folder, role=role))


def test_smtplib_logs_in_by_every_mechanism(ctx):
    server = knowing_server(ctx)
    context = client_context()
    kept_out(server, "PLAIN", lambda: clients.smtplib_client(server, "PLAIN", ALICE, context, password="wrong"))
    both_let_in(server, ("PLAIN", "LOGIN", "CRAM-MD5"),
                lambda mechanism, role: clients.smtplib_client(server, mechanism, ALICE, context, role))


def test_nodemailer_logs_in_by_every_mechanism(ctx):
    ctx.need("node")
    server = knowing_server(ctx)
    kept_out(server, "PLAIN", lambda: clients.nodemailer(server, "PLAIN", ALICE, password="wrong"))
    both_let_in(server, ("PLAIN", "LOGIN", "CRAM-MD5"),
                lambda mechanism, role: clients.nodemailer(server, mechanism, ALICE, role))


def test_cyrus_logs_in_by_srp(ctx):
    folder = ROOT / "build" / "cyrus_srp"
    ctx.run(ROOT / "tests/support/cyrus_srp.sh", folder, timeout=600)
    server = knowing_server(ctx, "SRP")
    context = client_context()
    kept_out(server, "SRP", lambda: clients.cyrus_srp(server, folder / "srp_login", ALICE, context, password="wrong"))
    both_let_in(server, ["SRP"],
                lambda _, role: clients.cyrus_srp(server, folder / "srp_login", ALICE, context, role))
