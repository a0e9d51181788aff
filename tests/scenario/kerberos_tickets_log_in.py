"""Tickets of a real Kerberos realm log in by GSSAPI: a principal of our realm is the account of its name. Without a ticket,
or with one of a stranger, nobody gets in."""

from lib import ALICE, check, check_equal
from support import login_clients as clients
from support.certificates import HOST
from support.kerberos import REALM, Kdc

PRESETS = ["release"]


def realm(ctx):
    ctx.need("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "gsasl", "curl")
    kdc = ctx.keep(Kdc(ctx.folder / "kdc", {"alice": "ticket please", "mallory": "let me in"}, [f"smtp/{HOST}"]))
    server = ctx.secure_server(config={"auth": {"mechanisms": ["GSSAPI", "PLAIN"], "keytab": str(kdc.keytab)}},
                               environment=kdc.environment)
    return kdc, server


def test_gsasl_and_curl_log_in_with_a_ticket(ctx):
    kdc, server = realm(ctx)
    tickets = kdc.ticket("alice", "ticket please")
    with server.one_login("GSSAPI", ALICE):
        clients.gsasl(server, "GSSAPI", ALICE, "--authorization-id=alice", environment=tickets)
    for role in ("submission", "submissions"):
        with server.one_login("GSSAPI", ALICE):
            clients.curl(server, "GSSAPI", ALICE, user=f"alice@{REALM}:", role=role, environment=tickets)
    server.wait_mail("box", 2)


def test_a_ticket_of_somebody_without_account_is_refused(ctx):
    kdc, server = realm(ctx)
    tickets = kdc.ticket("mallory", "let me in")
    try:
        clients.gsasl(server, "GSSAPI", ALICE, "--authorization-id=alice", environment=tickets)
    except clients.Refused as refused:
        check("535 5.7.8" in str(refused), f"not refused with 535 5.7.8: {refused}")
    else:
        check(False, "mallory's ticket was good for alice")
    check_equal(server.logins("GSSAPI"), [], "logins that succeeded")
    with server.session(who=ALICE) as client:  # the others are not concerned
        client.command("NOOP", 250)
