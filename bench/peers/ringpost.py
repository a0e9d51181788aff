"""ringpost itself, with the durability it ships with (250 after fdatasync) unless told otherwise.

keep: the next hop is a port where nobody listens; after the first attempt the destination is put off, so mail is kept untried.
"""
import json
import pathlib
import subprocess
import tempfile
import urllib.request

from peers.base import LOGIN, PASSWORD, SENDER, TEST_DOMAIN, Peer, free_port
from peers.install import Unavailable

CONFIGURATION = """\
hostname = "ringpost.example.com"
data_dir = "{dir}/data"
workers = {workers}
user = ""

[[listener]]
address = "127.0.0.1:{port}"
role = "{role}"
tls = "{tls}"

[relay]
trusted_networks = ["127.0.0.0/8"]
{routes}
[[route]]
domain = "*"
next_hop = "smtp://127.0.0.1:{next_hop}"

[queue]
durability = "{durability}"
in_flow_delay = "{in_flow_delay}"
min_free_disk = "64MiB"

[limits]
message_size_max = "100MiB"
sessions_per_client_max = 50000

[admin]
address = "127.0.0.1:{admin}"
{more}"""

TLS = """
[tls]
certificates = [{{ certificate = "{}", key = "{}" }}]
"""

# Logins without TLS, so that the login is what is measured.
AUTH = """
[auth]
mechanisms = ["{}"]
users = "file:{}"
plaintext_without_tls = true
"""


class Ringpost(Peer):
    name = "ringpost"
    is_ours = secures = True
    authenticates = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
    durability = "synced"
    in_flow_delay = "5ms"

    def __init__(self, cache, scratch_parent=None, build=None, workers=0):
        super().__init__(cache, scratch_parent)
        self.binary = build / "ringpost"
        self.workers = workers
        self.keep_next_hop = None
        self.routes = ""  # more [[route]] tables, before the one for all
        self.more = ""    # other tables

    def prepare(self):
        if not self.binary.exists():
            raise Unavailable(f"{self.binary} is not built")

    def version(self):
        done = subprocess.run([self.binary, "version"], capture_output=True, text=True)
        words = done.stdout.split()
        return words[1] if len(words) > 1 else "unknown"

    def launch(self, next_hop):
        self.admin = free_port()
        self.keep_next_hop = self.keep_next_hop or free_port()
        more = self.more + (TLS.format(*self.certificate.write(self.scratch)) if self.certificate else "")
        users = self.scratch / "users.toml"
        if self.mechanism:
            more += AUTH.format(self.mechanism, users)
        self.conf = self.write("ringpost.toml", CONFIGURATION.format(
            role="submission" if self.mechanism else "mx", tls="starttls" if self.certificate else "off", more=more, dir=self.scratch,
            workers=self.workers, port=self.port, admin=self.admin, durability=self.durability, routes=self.routes,
            in_flow_delay=self.in_flow_delay,
            next_hop=next_hop or self.keep_next_hop))
        if self.mechanism:
            self.add_user()
        self.run()

    def add_user(self):
        done = subprocess.run([self.binary, "user", "add", LOGIN, "--address", SENDER, "--password-stdin", "-c", self.conf],
                              input=PASSWORD + "\n", capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"ringpost user add: {done.stderr.strip()[-300:]}")

    def run(self):
        """Starts the process on the folder as it is; also used to start again after an end."""
        self.spawn([self.binary, "serve", "-c", self.conf])

    def metrics(self):
        """{name with labels: value} of /metrics; empty where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name.removeprefix("ringpost_"): float(value) for name, _, value in pairs}

    def total(self, name):
        """One metric summed over its labels."""
        return sum(value for key, value in self.metrics().items() if key == name or key.startswith(name + "{"))

    def delivered(self):
        return self.metrics().get('delivery_total{result="delivered"}', 0)

    def delays(self):
        return self.delays_in("output", r'"event":"deliver",.*"delay":([0-9.]+)')

    def queue_summary(self):
        done = subprocess.run([self.binary, "queue", "summary", "--json", "-c", self.conf], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else {}


class RingpostWritten(Ringpost):
    """250 after write(2), which is what OpenSMTPD does."""
    name = "ringpost-written"
    durability = "written"


class RingpostEager(Ringpost):
    """Takes mail as fast as it comes, whatever delivery does."""
    name = "ringpost-eager"
    in_flow_delay = "0s"


class RingpostOneWorker(Ringpost):
    """One reactor, whatever the machine has."""
    name = "ringpost-one-worker"

    def __init__(self, cache, scratch_parent=None, build=None):
        super().__init__(cache, scratch_parent, build, workers=1)


class RingpostOneFifth(RingpostOneWorker):
    """One reactor on a processor of a fifth of a core, beside RingpostTwoFifths: client and sink have the rest."""
    name = "ringpost-one-fifth"
    cores = 0.2


class RingpostTwoFifths(Ringpost):
    """Two reactors on two such processors."""
    name = "ringpost-two-fifths"
    cores = 0.4

    def __init__(self, cache, scratch_parent=None, build=None):
        super().__init__(cache, scratch_parent, build, workers=2)


class RingpostSink:
    """ringpost-bench's next hop. How much has reached it the server knows, which counts each delivery."""

    def __init__(self, server, certificate=None):
        self.server = server
        command = [server.binary.parent / "ringpost-bench", "sink", "--listen", "127.0.0.1:0", "--print-address", "--no-progress"]
        if certificate:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-sink-"))
            paths = certificate.write(folder)
            command += ["--starttls", "--certificate", paths[0], "--key", paths[1]]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def counted(self):
        return int(self.server.delivered())

    def stop(self):
        self.process.terminate()
        self.process.communicate()
