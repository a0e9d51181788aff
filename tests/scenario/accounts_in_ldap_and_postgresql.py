"""Accounts in a directory or a database: the right password is taken, everything else refused, a server that is down is
unavailable and never a wrong password, and the next login after it comes back succeeds."""

import crypt
import warnings

from lib import check, check_equal, to_toml
from support.directory import LDAP_BASE, Postgres, Slapd

PRESETS = ["release"]

warnings.filterwarnings("ignore", category=DeprecationWarning)
TABLE = """\
CREATE TABLE accounts (login text PRIMARY KEY, display_name text, addresses text[], enabled boolean NOT NULL,
                       password_hash text, scram_sha256 text, scram_sha1 text);
INSERT INTO accounts VALUES
  ('ann@example.test', 'Ann Example', '{{ann@example.test,*@example.org}}', true, '{hash}', NULL, NULL),
  ('eve@example.test', 'Eve Example', '{{eve@example.test}}', false, '{hash}', NULL, NULL);
"""


def directory(ctx):
    ctx.need("slapd")
    server = Slapd({"ann": ("Ann Example", "ann@example.test", "secret"),
                    "twin1": ("Twin", "twin@example.test", "secret"), "twin2": ("Twin", "twin@example.test", "secret")})
    ctx.on_exit(server.stop)
    return server


def database(ctx):
    return ctx.keep(Postgres(TABLE.format(hash=crypt.crypt("secret", crypt.METHOD_SHA512))))


def tool(ctx, users, lookup):
    """`ringpost` with a configuration that keeps its accounts there; no server runs."""
    server = ctx.server(config={"auth": {"users": users}, f"lookup.{users.partition(':')[2]}": lookup}, start=False)
    server.config_path = server.folder / "ringpost.toml"
    server.config_path.write_text(to_toml(server.config))
    return server


def verify(server, login, password, expect):
    """What `ringpost user verify` says."""
    out = server.cli("user", "verify", login, "--password-stdin", stdin=password.encode() + b"\n", expect=expect)
    return out + server.cli_error


def story(server, store, strangers):
    check("ok: ann@example.test" in verify(server, "ann@example.test", "secret", 0), "the right password is right")
    check("ok: ann@example.test" in verify(server, "ANN@example.test", "secret", 0), "case does not matter")
    for login, password in [("ann@example.test", "wrong"), ("nobody@example.test", "secret"), *strangers]:
        said = verify(server, login, password, 1)
        check("failed: " in said, f"{login} with {password!r}: {said}")
    store.pause()
    said = verify(server, "ann@example.test", "secret", 1)
    check("unavailable: " in said, f"while it is down: {said}")
    store.start()
    check_equal("ok: " in verify(server, "ann@example.test", "secret", 0), True, "after it came back")


def test_accounts_in_ldap(ctx):
    store = directory(ctx)
    server = tool(ctx, "ldap:staff", {"type": "ldap", "urls": [store.url], "base": LDAP_BASE})
    story(server, store, [("*", "secret"), ("ann@example.test)(uid=*", "secret"), ("twin@example.test", "secret")])


def test_accounts_in_ldap_by_an_attribute(ctx):
    store = directory(ctx)
    server = tool(ctx, "ldap:staff", {"type": "ldap", "urls": [store.url], "base": LDAP_BASE, "password": "compare",
                                      "bind_dn": f"cn=admin,{LDAP_BASE}",
                                      "bind_password_file": str(secret(ctx, "admin-secret"))})
    story(server, store, [("twin@example.test", "secret")])


def test_accounts_in_postgresql(ctx):
    store = database(ctx)
    server = tool(ctx, "postgres:mail", {"type": "postgres", "conninfo": store.conninfo})
    story(server, store, [("' OR 1=1 --", "secret"), ("eve@example.test", "secret")])


def test_stores_against_real_servers(ctx):
    """The unit tests of the stores that need a server, among them many threads and a query that is too slow."""
    environment = {"RINGPOST_TEST_LDAP_URL": directory(ctx).url, "RINGPOST_TEST_POSTGRES": database(ctx).conninfo}
    said = unit_tests(ctx, environment, "*WorksWithAReal*")
    check("SKIPPED" not in said and "[  PASSED  ] 2 tests" in said, said)


def unit_tests(ctx, environment, which):
    import os
    from lib import build_dir
    return ctx.run(build_dir(ctx.preset) / "unit_account", f"--gtest_filter={which}",
                   environment={**os.environ, **environment})


def secret(ctx, text):
    path = ctx.folder / "bind-password"
    path.write_text(text + "\n")
    return path
