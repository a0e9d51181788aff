"""Certificates are chosen by the name a client asks for, and replaced on the disk without a restart: new sessions get the
new one within seconds, running ones go on; a broken file keeps the old one in use, and the log says why."""

import hashlib
import os
import ssl

from lib import ALICE, check, check_equal, wait_until
from support.certificates import HOST, authority
from support.people import client_context

OTHER = "mail.other.test"


def shown(server, name=HOST, role="submissions", ciphers=None):
    """SHA-256 of the certificate a client sees that asks for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    with server.client(["mx", "submission", "submissions"].index(role)) as client:
        if role != "submissions":
            client.greet()
            client.command("STARTTLS", 220)
        client.secure(context, name)
        return hashlib.sha256(client.socket.getpeercert(binary_form=True)).hexdigest()


def test_the_certificate_follows_the_name_asked_for(ctx):
    mine, other = authority().server("p256"), authority().server("p256", [OTHER], label="-other")
    server = ctx.secure_server(certificates=[mine, other])
    for role in ("mx", "submission", "submissions"):
        check_equal(shown(server, HOST, role), mine.fingerprint(), f"certificate for {HOST} at {role}")
        check_equal(shown(server, OTHER, role), other.fingerprint(), f"certificate for {OTHER} at {role}")
        check_equal(shown(server, "nobody.example", role), mine.fingerprint(), f"certificate for a name of nobody at {role}")
        check_equal(shown(server, None, role), mine.fingerprint(), f"certificate for no name at {role}")


def test_a_new_certificate_is_served_within_seconds(ctx):
    first, second = authority().server("p256"), authority().server("rsa")
    pair = first.copy(ctx.folder)
    server = ctx.secure_server(certificates=[pair])
    check_equal(shown(server), first.fingerprint(), "certificate at first")
    with server.session("submission", who=ALICE) as running:
        pair.become(second)
        wait_until(lambda: shown(server) == second.fingerprint(), 15 * ctx.patience, f"the new certificate\n{server.tail()}")
        wait_until(lambda: shown(server, role="mx") == second.fingerprint(), 15 * ctx.patience, "the new certificate at mx")
        running.send(ALICE.address, "box@example.test", f"From: {ALICE.address}\r\nSubject: on\r\n\r\n")
    server.wait_mail("box")
    with server.session("submissions", context=client_context(), who=ALICE) as client:
        client.command("NOOP", 250)


def test_a_broken_file_keeps_the_old_certificate(ctx):
    first, stranger = authority().server("p256"), authority().server("rsa")
    pair = first.copy(ctx.folder)
    server = ctx.secure_server(certificates=[pair])
    spoiled = [("garbage", b"-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n"), ("empty", b""),
               ("of another key", open(stranger.certificate, "rb").read())]
    for number, (what, octets) in enumerate(spoiled, 1):
        with open(pair.certificate + ".new", "wb") as file:
            file.write(octets)
        os.rename(pair.certificate + ".new", pair.certificate)
        wait_until(lambda: complaints(server, pair.certificate) >= number, 15 * ctx.patience,
                   f"a complaint about a certificate that is {what}\n{server.tail()}")
        check_equal(shown(server), first.fingerprint(), f"certificate while the file is {what}")
    pair.become(stranger)  # and repaired
    wait_until(lambda: shown(server) == stranger.fingerprint(), 15 * ctx.patience, "the repaired certificate")


def complaints(server, path):
    return len([e for kind in ("warning", "error", "reload") for e in server.events(kind) if path in str(e)])


def test_check_config_names_what_is_wrong_with_a_certificate(ctx):
    first, stranger = authority().server("p256"), authority().server("rsa")
    server = ctx.secure_server(certificates=[first], start=False)
    wrong = {"key of another": {"certificate": first.certificate, "key": stranger.key},
             "no such file": {"certificate": f"{ctx.folder}/none.pem", "key": first.key},
             "not PEM": {"certificate": first.certificate, "key": str(server.config_path)},
             "expired": authority().server("p256", days=-1, label="-expired").setting}
    for what, setting in wrong.items():
        server.config["tls"]["certificates"] = [setting]
        server.write_config()
        server.cli("check-config", expect=None)
        check(any(path in server.cli_error for path in setting.values()), f"{what}: no file is named: {server.cli_error!r}")
    server.config["tls"]["certificates"] = [first.setting]
    server.write_config()
    server.cli("check-config")
