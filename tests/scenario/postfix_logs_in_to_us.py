"""A Postfix that uses us as its smarthost logs in with Cyrus SASL, by every mechanism the two have in common, over STARTTLS
and over TLS from the first octet; it verifies our certificate first."""

from _peers import postfix
from lib import ALICE, check_equal, wait_until
from support.certificates import HOST, authority

PRESETS = ["release"]

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]
ROLES = {"starttls": "submission", "implicit": "submissions"}


def relays():
    """(mechanism, transport name, listener's role): a transport of master.cf for each."""
    return [(mechanism, f"{mechanism.lower()}-{way}", role) for mechanism in MECHANISMS for way, role in ROLES.items()]


def test_postfix_logs_in_by_every_mechanism(ctx):
    server = ctx.secure_server(mechanisms=MECHANISMS)
    services, transports, accounts = [], [], set()
    for mechanism, name, role in relays():
        next_hop = f"[127.0.0.1]:{server.port_of(role)}"
        services.append(f"{name} unix - - n - - smtp -o smtp_sasl_mechanism_filter={mechanism.lower()} "
                        f"-o smtp_tls_wrappermode={'yes' if role == 'submissions' else 'no'}")
        transports.append(f"{{ {name}.test = {name}:{next_hop} }}")
        accounts.add(f"{{ {next_hop} = {ALICE.login}:{ALICE.password} }}")
    client = postfix(ctx, f"transport_maps = inline:{{ {', '.join(transports)} }}", "smtp_sasl_auth_enable = yes",
                     f"smtp_sasl_password_maps = inline:{{ {', '.join(accounts)} }}", "smtp_sasl_security_options = noanonymous",
                     "smtp_tls_security_level = secure", f"smtp_tls_CAfile = {authority().ca}",
                     f"smtp_tls_secure_cert_match = {HOST}", "default_transport = error:not by this way", services=services)
    for _, name, _ in relays():
        ctx.run("smtp-source", "-4", "-f", ALICE.address, "-t", f"box@{name}.test", f"127.0.0.1:{client.port}")
    wait_until(lambda: len(server.events("accept")) >= len(services), 30 * ctx.patience,
               f"{len(services)} messages of Postfix\n{client.log()}")
    for mechanism in MECHANISMS:
        check_equal([e.get("login") for e in server.logins(mechanism)], [ALICE.login] * 2, f"logins by {mechanism}")
    check_equal(server.logins(result="failed"), [], "failed logins")
