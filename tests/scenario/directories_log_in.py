"""Accounts that live in LDAP or in PostgreSQL log in by SMTP AUTH and send as themselves; while the directory is down or
does not answer the client hears 454 4.7.0 in time, never that the password is wrong, and when it is back all is well."""

import base64
import contextlib
import hashlib
import hmac
import os
import signal
import subprocess
import time

from lib import ALICE, BOB, PEOPLE, check, check_equal, wait_until
from support import login_clients as clients
from support.directory import LDAP_BASE, Postgres, Slapd

PRESETS = ["release"]

QUICK = {"connect_timeout": "2s", "operation_timeout": "2s"}


def scram_keys(password, iterations=4096):
    """RFC 5802 3, as text (RFC 5803)."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored, server = (base64.b64encode(octets).decode() for octets in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt}${stored}:{server}"


def ldap_server(ctx):
    ctx.need("slapd")
    directory = ctx.keep(Slapd({person.login: (person.name, person.address, person.password) for person in PEOPLE}))
    lookup = {"type": "ldap", "urls": [directory.url], "base": LDAP_BASE, "filter": "(&(objectClass=inetOrgPerson)(uid={login}))",
              "login_attribute": "uid"} | QUICK
    return directory, remote(ctx, "ldap", lookup)


def postgres_server(ctx):
    rows = ", ".join(f"('{p.login}', '{p.name}', '{{{','.join(p.addresses)}}}', true, '{scram_keys(p.password)}')" for p in PEOPLE)
    database = Postgres(f"CREATE TABLE accounts (login text PRIMARY KEY, display_name text, addresses text[], enabled boolean, "
                        f"scram_sha256 text); INSERT INTO accounts VALUES {rows}, ('carol', 'Carol', '{{}}', false, "
                        f"'{scram_keys('gone')}');")
    ctx.on_exit(database.stop)
    lookup = {"type": "postgres", "conninfo": database.conninfo, "connect_timeout": "2s", "statement_timeout": "2s",
              "query": "SELECT login, display_name, addresses, enabled, scram_sha256 FROM accounts WHERE login = lower($1)"}
    return database, remote(ctx, "postgres", lookup)


def remote(ctx, kind, lookup):
    return ctx.secure_server(people=[], config={"auth": {"users": f"{kind}:people"}, "lookup": {"people": lookup},
                                                "limits": {"auth_failure_delay": "0s", "auth_failures_max": 0}})


def verdict(server, login, password):
    with server.session() as client:
        begin = time.monotonic()
        reply = client.auth_plain(login, password, expect=None)
        return reply.text[:9], time.monotonic() - begin


def log_in_and_send(server, mechanisms):
    for person in PEOPLE:
        for mechanism in mechanisms:
            with server.one_login(mechanism, person):
                clients.gsasl(server, mechanism, person)
    with server.session("submissions", who=BOB) as client:
        check_equal(client.command(f"MAIL FROM:<{ALICE.address}>").code, 553, "MAIL FROM alice by bob")
        client.send(BOB.address, "box@example.test", f"From: {BOB.name} <{BOB.address}>\r\n\r\nhello\r\n")
    server.wait_mail("box")
    for login, password in (("alice", "wrong"), ("nobody", "wrong"), ("*", ALICE.password), ("ali*", ALICE.password),
                            ("alice)(uid=*", ALICE.password), ("alice' OR '1'='1", ALICE.password), ("alice", "")):
        code, _ = verdict(server, login, password)
        check(code in ("535 5.7.8", "501 5.5.2"), f"{login!r} with {password!r} was answered {code}")


@contextlib.contextmanager
def stopped(directory):
    directory.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        directory.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def locked(database):
    """Somebody holds the table: questions wait."""
    psql = subprocess.Popen(["psql", "-q", database.conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        psql.stdin.write("BEGIN; LOCK TABLE accounts;\n\\echo locked\n")
        psql.stdin.flush()
        check_equal(psql.stdout.readline().strip(), "locked", "what psql says")
        yield
    finally:
        psql.stdin.close()
        psql.wait(20)


def down_and_back(server, directory, silent):
    """Away, then silent, then back."""
    directory.pause()
    code, seconds = verdict(server, "bob", BOB.password)
    check_equal(code, "454 4.7.0", "reply while the directory is away")
    check(seconds < 10 * server.patience, f"the reply took {seconds:.1f} s")
    code, _ = verdict(server, "bob", "wrong")
    check_equal(code, "454 4.7.0", "reply to a wrong password while the directory is away")
    directory.start()
    wait_until(lambda: verdict(server, "bob", BOB.password)[0] == "235 2.7.0", 15 * server.patience, "bob logs in again")
    with silent(directory):
        code, seconds = verdict(server, "carol", "gone")
        check_equal(code, "454 4.7.0", "reply while the directory is silent")
        check(1 < seconds < 15 * server.patience, f"the reply took {seconds:.1f} s")
    wait_until(lambda: verdict(server, "bob", BOB.password)[0] == "235 2.7.0", 15 * server.patience, "bob logs in again")
    check_equal({e.get("result") for e in server.events("auth")}, {"ok", "unavailable"}, "results in the auth events")


def test_people_in_ldap_log_in(ctx):
    ctx.need("gsasl")
    _, server = ldap_server(ctx)
    log_in_and_send(server, ["PLAIN", "LOGIN"])
    with server.session() as client:
        check("SCRAM-SHA-256" not in client.mechanisms(), f"SCRAM needs keys that nobody has: {client.mechanisms()}")


def test_people_in_postgresql_log_in(ctx):
    ctx.need("gsasl")
    _, server = postgres_server(ctx)
    log_in_and_send(server, ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
    check_equal(verdict(server, "carol", "gone")[0], "535 5.7.8", "reply to an account that is switched off")


def test_ldap_that_is_down_is_not_a_wrong_password(ctx):
    directory, server = ldap_server(ctx)
    down_and_back(server, directory, stopped)


def test_postgresql_that_is_down_is_not_a_wrong_password(ctx):
    database, server = postgres_server(ctx)
    down_and_back(server, database, locked)
