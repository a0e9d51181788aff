"""Programs that log in: each function runs one against a server of support/people.py, by one mechanism, and fails when it
does. Those that send leave a message from the person to `to`."""

import contextlib
import json
import os
import pathlib
import smtplib
import subprocess

from support.base import Failure, check
from support.certificates import HOST, authority

TO = "box@example.test"


class Refused(Failure):
    """The program ended and said that it was not let in."""


def run(*command, stdin="", environment=None, folder=None, timeout=60):
    """stdout and stderr of a program that must end with 0."""
    done = subprocess.run([str(part) for part in command], input=stdin.encode(), capture_output=True, timeout=timeout,
                          env=os.environ | (environment or {}), cwd=folder)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode != 0:
        raise Refused(f"{command[0]} ended with {done.returncode}:\n{said[-3000:]}")
    return said


def text(person):
    return f"From: {person.name} <{person.address}>\r\nTo: {TO}\r\nSubject: by a real client\r\n\r\nhello\r\n"


def gsasl(server, mechanism, person, *options, password=None, role="submission", environment=None):
    """GNU SASL's own program: STARTTLS and AUTH, no message. Its SCRAM binds to the channel only in the -PLUS forms."""
    return run("gsasl", "--smtp", f"--connect=127.0.0.1:{server.port_of(role)}", f"--hostname={HOST}", "--service=smtp",
               "--starttls", f"--x509-ca-file={authority().ca}", f"--mechanism={mechanism}",
               f"--authentication-id={person.login}", f"--password={password or person.password}", f"--realm={HOST}",
               "--quality-of-protection=qop-auth", *(["--no-cb"] if not mechanism.endswith("-PLUS") else []), *options,
               environment=environment)


def swaks(server, mechanism, person, role="submission", password=None):
    tls = "--tls-on-connect" if role == "submissions" else "--tls"
    return run("swaks", "--server", "127.0.0.1", "--port", server.port_of(role), tls, "--tls-verify",
               "--tls-ca-path", authority().ca, "--tls-sni", HOST, "--ehlo", "swaks.example.net", "--auth", mechanism,
               "--auth-user", person.login, "--auth-password", password or person.password,
               "--auth-extra", f"realm={HOST},domain={HOST},dmd5-host={HOST}", "--from", person.address, "--to", TO,
               "--h-From", f"{person.name} <{person.address}>")


def curl(server, mechanism, person, *options, role="submission", user=None, environment=None, folder=None):
    port = server.port_of(role)
    scheme = "smtps" if role == "submissions" else "smtp"
    own = ["--user", user if user is not None else f"{person.login}:{person.password}"]
    return run("curl", "--silent", "--show-error", "--verbose", "--ssl-reqd", "--noproxy", "*", "--max-time", 50,
               "--cacert", authority().ca, "--connect-to", f"{HOST}:{port}:127.0.0.1:{port}", f"{scheme}://{HOST}:{port}/c",
               *own, "--login-options", f"AUTH={mechanism}", "--mail-from", person.address, "--mail-rcpt", TO,
               "--upload-file", "-", *options, stdin=text(person), environment=environment, folder=folder)


def msmtp(server, mechanism, person, folder, *settings, role="submission", password=None):
    """msmtp knows no other name for 127.0.0.1 than the one it connects to, so it is told what to verify."""
    lines = ["account default", "host 127.0.0.1", f"port {server.port_of(role)}", "tls on",
             f"tls_starttls {'off' if role == 'submissions' else 'on'}", f"tls_trust_file {authority().ca}",
             f"tls_host_override {HOST}", f"auth {mechanism.lower()}", f"user {person.login}", f"from {person.address}",
             f"ntlmdomain {HOST}", *settings]
    if password is not False:
        lines.append(f'password "{password or person.password}"')
    path = pathlib.Path(folder) / "msmtprc"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return run("msmtp", "--file", path, "--debug", TO, stdin=text(person).replace("\r\n", "\n"))


@contextlib.contextmanager
def smtplib_session(server, context, role):
    """A session of Python's smtplib with TLS that has said EHLO."""
    kind = smtplib.SMTP_SSL if role == "submissions" else smtplib.SMTP
    more = {"context": context} if role == "submissions" else {}
    with _named(kind)("127.0.0.1", server.port_of(role), "python.example.net", timeout=60, **more) as smtp:
        if role == "submission":
            smtp.starttls(context=context)
        smtp.ehlo()
        yield smtp


def smtplib_client(server, mechanism, person, context, role="submission", password=None):
    with smtplib_session(server, context, role) as smtp:
        smtp.user, smtp.password = person.login, password or person.password
        try:
            smtp.auth(mechanism, getattr(smtp, "auth_" + mechanism.lower().replace("-", "_")))
        except smtplib.SMTPAuthenticationError as error:
            raise Refused(f"smtplib by {mechanism}: {error}") from None
        smtp.sendmail(person.address, [TO], text(person))


def cyrus_srp(server, program, person, context, role="submission", password=None):
    """Cyrus SASL's SRP (tests/support/cyrus_srp.sh), carried in AUTH by smtplib; it checks the server's proof too."""
    with smtplib_session(server, context, role) as smtp, \
            subprocess.Popen([str(program), HOST, person.login, password or person.password], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as cyrus:
        code, said = smtp.docmd("AUTH", "SRP " + (cyrus.stdout.readline().strip() or "="))
        while code == 334:
            cyrus.stdin.write(said.decode() + "\n")
            cyrus.stdin.flush()
            response = cyrus.stdout.readline().strip()
            if response == "":
                smtp.docmd("*")
                raise Refused(f"Cyrus SASL gave up: {cyrus.stderr.read()}")
            code, said = smtp.docmd("" if response == "done" else response)
        cyrus.stdin.close()
        if code != 235:
            raise Refused(f"Cyrus SASL by SRP: {code} {said}")
        smtp.sendmail(person.address, [TO], text(person))


def _named(kind):
    """smtplib takes the name to verify from the host it connects to; this one connects by number."""
    def get_socket(self, host, port, timeout):
        self._host = HOST
        return kind._get_socket(self, host, port, timeout)
    return type(kind.__name__, (kind,), {"_get_socket": get_socket})


NODEMAILER = """
const given = JSON.parse(process.argv[1]);
given.transport.tls.ca = require('fs').readFileSync(given.ca);
require('nodemailer').createTransport(given.transport).sendMail(given.mail)
  .then(sent => console.log(sent.response), error => { console.error(error.message); process.exit(1); });
"""


def nodemailer(server, mechanism, person, role="submission", password=None, auth=None):
    transport = {"host": "127.0.0.1", "port": server.port_of(role), "secure": role == "submissions", "requireTLS": True,
                 "authMethod": mechanism, "auth": auth or {"user": person.login, "pass": password or person.password},
                 "tls": {"servername": HOST}, "name": "node.example.net"}
    mail = {"from": f"{person.name} <{person.address}>", "to": TO, "subject": "by a real client", "text": "hello"}
    said = run("node", "-e", NODEMAILER, json.dumps({"transport": transport, "ca": authority().ca, "mail": mail}),
               environment={"NODE_PATH": "/usr/share/nodejs"})
    check("queued as" in said, f"nodemailer says {said!r}")
