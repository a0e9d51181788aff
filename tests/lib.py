"""What dialogues and scenarios share: a ringpost process of their own, a raw SMTP client, peers to deliver to.

Every object here owns what it starts: a Server, Sink or Peer ends its own process or thread and nothing else.
Octets stay octets: replies and mail are bytes on the wire and are decoded only for messages to people.
"""

import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile

from support.base import *  # noqa: F401,F403
from support.base import Failure, build_dir, check, patience, sanitizer_environment
from support.client import Client, Closed, Reply, base64_text, queue_id, stuff  # noqa: F401
from support.config import DOMAIN, HOSTNAME, base_config, merge, set_path, to_toml  # noqa: F401
from support.peers import Peer, Sink, path_of  # noqa: F401
from support.people import ALICE, BOB, PEOPLE, SecureServer  # noqa: F401
from support.name_server import NameServer
from support.server import Server
from support.web_server import WebServer  # noqa: F401


class Skip(Exception):
    """Raised by Context.need: something the story is about is not installed. Counts as failed in a full run."""


class Context:
    """Handed to every test_ function: a folder of its own and everything it started, ended in reverse order."""

    def __init__(self, preset, name):
        base = build_dir(preset).parent / "scratch"
        base.mkdir(parents=True, exist_ok=True)
        self.preset = preset
        self.patience = patience(preset)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=base))
        self._cleanup = []

    def keep(self, started):
        """The same; its stop() comes with the end of the story."""
        self.on_exit(started.stop)
        return started

    def server(self, config=None, extra="", name="server", start=True, **options):
        server = self.keep(Server(self.folder / name, self.preset, config, extra, **options))
        if start:
            server.start()
        return server

    def secure_server(self, config=None, name="server", start=True, **options):
        """A server with TLS, accounts and the listeners mx, submission and submissions (support/people.py)."""
        server = self.keep(SecureServer(self.folder / name, self.preset, config, **options))
        if start:
            server.start()
        return server

    def peer(self, **options):
        return self.keep(Peer(**options))

    def sink(self, *arguments):
        return self.keep(Sink(self.folder, self.preset, arguments))

    def name_server(self, zones, signed=()):
        """One that answers (support/name_server.py)."""
        self.need("nsd", *(["ldns-signzone", "ldns-keygen"] if signed else []))
        names = self.keep(NameServer(self.folder / "nsd", zones, signed))
        names.wait()
        return names

    def run(self, *command, expect=0, timeout=120, stdin=None, environment=None):
        """Runs a program to its end; returns stdout as text."""
        run = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, cwd=self.folder,
                             timeout=timeout * self.patience, env=environment or sanitizer_environment(self.preset))
        out = run.stdout.decode(errors="replace")
        check(expect is None or run.returncode == expect,
              f"{command[0]} ended with {run.returncode}: {out}{run.stderr.decode(errors='replace')}")
        return out

    def on_exit(self, action):
        self._cleanup.append(action)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program) and not os.path.exists(f"/usr/sbin/{program}"):
                raise Skip(f"{program} is not installed (deploy/setup.sh --tests)")

    def close(self):
        """Ends everything; the first complaint is raised once all is down."""
        first = None
        while self._cleanup:
            try:
                self._cleanup.pop()()
            except Exception as error:  # the rest must come down too
                first = first or error
        if first:
            raise first

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def raise_file_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
