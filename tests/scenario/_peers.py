"""Peers of the stories that lib does not have: a next hop that speaks BDAT or refuses 8-bit mail, a scratch Postfix, a
scratch Dovecot; and what several stories ask of a server."""

import contextlib
import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading

from lib import DOMAIN, ROOT, Failure, Skip, check, end_process, free_port, path_of, wait_until
from support.peers import read_data

sys.path.append(str(ROOT / "bench"))

OUR_FIELDS = rb"(?:(?:Return-Path|Delivered-To|Received|Date|Message-ID):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+"
FULL = ["PIPELINING", "SIZE 209715200", "8BITMIME", "BINARYMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN"]


def relaying(*next_hops, **queue):
    """Configuration: foreign mail to these next hops, tried again every second."""
    hops = [hop if isinstance(hop, str) else hop.next_hop for hop in next_hops]
    return {"route": [{"domain": "*", "next_hop": hops[0] if len(hops) == 1 else hops}],
            "queue": {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"} | queue}


def nobody_listens():
    """A next hop that refuses connections."""
    return f"smtp://127.0.0.1:{free_port()}"


def rows(text):
    """The list in what a verb printed with --json: an array, an object around one, or an object a line."""
    text = text.strip()
    if not text:
        return []
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]
    if isinstance(value, dict):
        return next((v for v in value.values() if isinstance(v, list)), [value])
    return value


def queued(server):
    """How many messages the queue holds."""
    return sum(int(row["messages"]) for row in rows(server.cli("queue", "summary", "--json")) if "messages" in row)


def wait_queue_empty(server, seconds=20):
    wait_until(lambda: queued(server) == 0, seconds * server.patience, "the queue is empty", 0.1)


def live_octets(server):
    """Octets of bodies in the spool that some message still refers to."""
    values = [v for name, v in server.metrics().items() if name.startswith("ringpost_spool_live_octets")]
    check(values, "no metric ringpost_spool_live_octets")
    return sum(values)


def without_our_fields(mail, body):
    """Checks that `mail` is a prefix of fields of ours and then `body`, octet for octet."""
    check(mail.endswith(body) if body else True, f"the message of {len(body)} octets did not arrive as it was sent: "
          f"{len(mail)} octets arrived, first difference at {first_difference(mail, body)}")
    prefix = mail[:len(mail) - len(body)]
    check(re.fullmatch(OUR_FIELDS, prefix), f"in front of the message stands more than our fields: {prefix[-400:]!r}")


def first_difference(mail, body):
    """Where `body`, laid at the first place where its beginning occurs, stops matching."""
    start = max(0, mail.find(body[:20]))
    tail = mail[start:]
    return next((i for i, (a, b) in enumerate(zip(tail, body)) if a != b), min(len(tail), len(body)))


def report_of(mail):
    """(human text, [per-message and per-recipient fields], returned message or headers) of a DSN (RFC 3464)."""
    message = email.message_from_bytes(mail, policy=email.policy.SMTP)
    check(message.get_content_type() == "multipart/report", f"a bounce is {message.get_content_type()}")
    check(message.get_param("report-type") == "delivery-status", "report-type is not delivery-status")
    check(not message.defects, f"the bounce has defects: {message.defects}")
    parts = list(message.iter_parts())
    check(len(parts) == 3, f"a bounce has {len(parts)} parts instead of 3")
    check(parts[0].get_content_type().startswith("text/"), "the first part is not text")
    check(parts[1].get_content_type() == "message/delivery-status", "the second part is not message/delivery-status")
    check(parts[2].get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"),
          f"the third part is {parts[2].get_content_type()}")
    return message, parts[1].get_payload(), parts[2]


class NextHop:
    """A next hop that offers exactly `extensions` and keeps each message's octets, by DATA or BDAT, in `messages`."""

    def __init__(self, extensions, port=0):
        self.extensions = list(extensions)
        self.messages = []
        self.lock = threading.Lock()
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            rbufsize = 1 << 16

            def handle(self):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    peer._session(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def next_hop(self):
        return f"smtp://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count, seconds=20):
        wait_until(lambda: len(self.messages) >= count, seconds, f"{count} messages at the next hop ({len(self.messages)} came)")
        return self.messages

    def _session(self, read, write):
        def say(text):
            write.write(text.encode() + b"\r\n")

        say("220 next.example ESMTP")
        message = None
        while line := read.readline(8192):
            text = line.decode(errors="replace").rstrip("\r\n")
            verb = text[:4].upper()
            if verb == "EHLO":
                lines = ["next.example", *self.extensions]
                for number, word in enumerate(lines):
                    say(("250 " if number == len(lines) - 1 else "250-") + word)
            elif verb == "MAIL":
                message = {"mail": text, "sender": path_of(text), "recipients": [], "rcpt": [], "body": b"", "by": None}
                say("250 2.1.0 ok")
            elif verb == "RCPT":
                message["recipients"].append(path_of(text))
                message["rcpt"].append(text)
                say("250 2.1.5 ok")
            elif verb == "DATA":
                say("354 go ahead")
                message.update(body=read_data(read), by="DATA")
                self._keep(message)
                say("250 2.0.0 taken")
            elif verb == "BDAT":
                if "CHUNKING" not in self.extensions:
                    say("500 5.5.1 not offered")
                    continue
                size = int(text.split()[1])
                octets = read.read(size)
                if len(octets) < size:
                    return
                message["body"] += octets
                if text.upper().endswith("LAST"):
                    message["by"] = "BDAT"
                    self._keep(message)
                say("250 2.0.0 taken")
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            elif verb in ("RSET", "NOOP", "HELO"):
                say("250 2.0.0 ok")
            else:
                say("500 5.5.1 unknown")

    def _keep(self, message):
        with self.lock:
            self.messages.append(message)


def next_hop(ctx, extensions=FULL, **options):
    return ctx.keep(NextHop(extensions, **options))


def postfix(ctx, *lines, services=()):
    """A Postfix of its own on peer.port; `lines` are appended to its main.cf, `services` to its master.cf."""
    ctx.need("postfix")
    if os.geteuid() != 0:
        raise Skip("Postfix must be started as root")
    from peers.base import wait_for_banner
    from peers.measure import Group
    from peers.postfix import Postfix
    peer = Postfix(ROOT / "build" / "peers")
    peer.scratch = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-postfix-"))
    peer.scratch.chmod(0o755)
    peer.port = free_port()
    peer.group = Group("postfix")
    ctx.on_exit(peer.stop)
    conf = peer.configure(*lines)
    with open(conf / "master.cf", "a") as master:
        master.writelines(f"{service}\n" for service in services)
    peer.spawn(["/usr/sbin/postfix", "-c", conf, "start-fg"])
    try:
        wait_for_banner(peer.port, 20 * ctx.patience, lambda: peer.process.poll() is None)
    except Exception as error:
        raise Failure(f"{error}\n{peer.log()}") from None
    return peer


DOVECOT = """\
base_dir = {run}
log_path = {folder}/log
ssl = no
protocols = lmtp
listen = 127.0.0.1
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
mail_uid = {uid}
mail_gid = {gid}
hostname = dovecot.example.test
postmaster_address = postmaster@example.test
passdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener {socket} {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-reader {{
    mode = 0600
  }}
}}
"""


class Dovecot:
    """Dovecot's LMTP server on a TCP port and a Unix socket, with mailboxes for `users` and nobody else."""

    def __init__(self, users):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-dovecot-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.socket = self.folder / "lmtp"
        run = self.folder / "run"
        mail = self.folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        (self.folder / "users").write_text("".join(f"{user}:{{PLAIN}}unused::::{self.folder}::\n" for user in users))
        conf = self.folder / "dovecot.conf"
        conf.write_text(DOVECOT.format(run=run, folder=self.folder, port=self.port, socket=self.socket,
                                       uid="nobody", gid="nogroup"))
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(["dovecot", "-F", "-c", conf], stdout=output, stderr=output)
        try:
            wait_until(self._answers, 20, f"Dovecot's LMTP answers\n{self.log()}")
        except Failure:
            self.stop()
            raise

    def _answers(self):
        check(self.process.poll() is None, f"Dovecot ended: {self.log()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as s:
            s.settimeout(5)
            return s.recv(200).startswith(b"220") and self.socket.exists()
        return False

    def log(self):
        return "\n".join(path.read_text(errors="replace") for name in ("output", "log")
                         if (path := self.folder / name).exists())

    def mail(self, user):
        new = self.folder / "mail" / user / "new"
        return [path.read_bytes() for path in sorted(new.iterdir())] if new.is_dir() else []

    def stop(self):
        end_process(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def dovecot(ctx, users):
    ctx.need("dovecot")
    if os.geteuid() != 0:
        raise Skip("Dovecot must be started as root")
    return ctx.keep(Dovecot(users))


def local(name):
    return f"{name}@{DOMAIN}"
