"""A Postfix that takes mail only over TLS and from who has logged in is our smarthost: we log in, verify whom we tell our
password, never go back to clear text where TLS is asked for, and say why mail waits."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from _peers import FULL, next_hop, postfix, relaying, wait_queue_empty
from lib import Failure, Skip, check, check_equal, end_process, wait_until
from support.certificates import authority

PRESETS = ["release"]

USER, PASSWORD = "relay", "correct horse"

DOVECOT = """\
base_dir = {folder}/run
log_path = {folder}/log
ssl = no
protocols =
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def passwords(ctx):
    """A Dovecot that does nothing but check passwords for Postfix; returns its socket."""
    ctx.need("dovecot")
    if os.geteuid() != 0:
        raise Skip("Dovecot must be started as root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-passwords-"))
    folder.chmod(0o755)
    ctx.on_exit(lambda: shutil.rmtree(folder, ignore_errors=True))
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    conf = folder / "dovecot.conf"
    conf.write_text(DOVECOT.format(folder=folder))
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(["dovecot", "-F", "-c", conf], stdout=output, stderr=output)
    ctx.on_exit(lambda: end_process(process))
    try:
        wait_until(lambda: (folder / "auth").exists() or process.poll() is not None, 20 * ctx.patience, "Dovecot's socket")
        check(process.poll() is None, "Dovecot ended")
    except Failure as failure:
        log = "\n".join(path.read_text(errors="replace") for path in folder.glob("[ol]*"))
        raise Failure(f"{failure}\n{log}") from None
    return folder / "auth"


def smarthost(ctx, behind, pair, *lines):
    """Takes mail by STARTTLS and with a login only, for anywhere."""
    return postfix(
        ctx, f"relayhost = [127.0.0.1]:{behind.port}", "smtp_tls_security_level = none",
        f"smtpd_tls_cert_file = {pair.certificate}", f"smtpd_tls_key_file = {pair.key}",
        "smtpd_tls_security_level = encrypt", "smtpd_tls_auth_only = yes", "smtpd_tls_received_header = yes",
        "smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", f"smtpd_sasl_path = {passwords(ctx)}",
        "smtpd_sasl_authenticated_header = yes", "smtpd_relay_restrictions = permit_sasl_authenticated, reject", *lines)


def through(ctx, port, host="localhost", **route):
    """Configuration: foreign mail to the smarthost, with our login, verified against the tests' authority."""
    secret = ctx.folder / "password"
    secret.write_text(PASSWORD + "\n")
    config = relaying(f"smtp://{host}:{port}")
    config["route"][0] |= {"tls_ca_file": authority().ca, "auth": {"user": USER, "password_file": str(secret)}} | route
    return config


def login_by(ctx, mechanism):
    behind = ctx.peer()
    host = smarthost(ctx, behind, authority().server())
    secret = ctx.folder / "password"
    server = ctx.server(config=through(ctx, host.port, auth={"user": USER, "password_file": str(secret),
                                                            "mechanism": mechanism}))
    server.send("a@foreign.example")
    behind.wait(1)
    wait_queue_empty(server)
    [event] = server.events("auth")
    check_equal((event["mechanism"], event["login"], event["result"]), (mechanism or "SCRAM-SHA-256", USER, "ok"), "login")
    [event] = server.events("tls")
    check(event["verified"] is True and event["version"].startswith("TLSv1"), f"the handshake: {event}")
    check(b"Authenticated sender: relay" in behind.messages[0]["body"], "Postfix does not know who sent it")
    check(b"with ESMTPSA" in behind.messages[0]["body"], "Postfix does not say ESMTPSA")
    check(PASSWORD not in server.log_text(), "the password is in the log")
    metrics = server.metrics()
    label = f'direction="out",mechanism="{mechanism or "SCRAM-SHA-256"}",result="ok"'
    check_equal(metrics[f"ringpost_auth_total{{{label}}}"], 1.0, "logins counted")


def test_the_strongest_mechanism_is_taken(ctx):
    login_by(ctx, "")


def test_plain_where_it_is_configured(ctx):
    login_by(ctx, "PLAIN")


def test_a_session_is_continued_by_the_next_connection(ctx):
    behind = ctx.peer()
    host = smarthost(ctx, behind, authority().server())
    config = through(ctx, host.port, messages_per_connection_max=1) | {"workers": 1}
    server = ctx.server(config=config)
    for number in range(3):
        server.send(f"a{number}@foreign.example")
        behind.wait(number + 1)
    resumed = [event["resumed"] for event in server.events("tls")]
    check_equal(resumed[0], False, "the first session is new")
    check(any(resumed[1:]), f"no session was continued: {resumed}")


def test_a_wrong_name_defers_and_says_why(ctx):
    behind = ctx.peer()
    pair = authority().server(names=("smarthost.example",), label="-smarthost")
    host = smarthost(ctx, behind, pair)
    server = ctx.server(config=through(ctx, host.port))
    queue_id = server.send("a@foreign.example")
    event = server.wait_event("defer", message=queue_id)
    check_equal(event.get("enhanced"), "4.7.5", "enhanced code")
    said = event.get("reason", "") + event.get("reply", "")
    check(f"localhost[127.0.0.1]:{host.port}" in said and "name" in said, f"the defer event does not say why: {event}")
    check_equal(server.events("auth"), [], "logins at a peer that is not who it should be")
    # An operator who knows better says so; what came meanwhile goes out with it only when it came after that.
    server.stop()
    server.config["route"][0]["tls"] = "required"
    server.start()
    server.send("b@foreign.example")
    behind.wait(1)
    check_equal(behind.messages[0]["recipients"], ["b@foreign.example"], "recipients")


def test_a_wrong_password_defers_and_warns(ctx):
    behind = ctx.peer()
    host = smarthost(ctx, behind, authority().server())
    config = through(ctx, host.port)
    (ctx.folder / "password").write_text("guessed\n")
    server = ctx.server(config=config)
    queue_id = server.send("a@foreign.example")
    event = server.wait_event("defer", message=queue_id)
    check_equal(event.get("enhanced"), "4.7.8", "enhanced code")
    check(any("AUTH" in e.get("operation", "") for e in server.events("warning")), "no warning")
    check_equal(server.events("auth")[0]["result"], "failed", "result of the login")
    (ctx.folder / "password").write_text(PASSWORD + "\n")  # read again at the next login
    behind.wait(1, 60 * ctx.patience)


def test_opportunistic_tls_goes_on_in_clear_text(ctx):
    peer = next_hop(ctx, [*FULL, "STARTTLS"])  # offers it, and does not know it
    server = ctx.server(config=relaying(peer) | {"workers": 1})
    for number in range(2):
        server.send("a@foreign.example")
        peer.wait(number + 1)
    check_equal([event["result"] for event in server.events("tls")], ["failed"], "tried once")


def test_required_tls_waits_for_it(ctx):
    peer = next_hop(ctx, FULL)
    config = relaying(peer)
    config["route"][0]["tls"] = "required"
    server = ctx.server(config=config)
    queue_id = server.send("a@foreign.example")
    event = server.wait_event("defer", message=queue_id)
    check_equal(event.get("enhanced"), "4.7.4", "enhanced code")
    check_equal(peer.messages, [], "messages in clear text")
