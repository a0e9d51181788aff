"""What every peer is: a server in a scratch folder, on ports of 127.0.0.1 of its own, started and ended by us."""
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import time

from peers.install import Unavailable
from peers.measure import Group

TEST_DOMAIN = "example.org"
SENDER = "sender@sender.example.net"
RECIPIENT = f"user@{TEST_DOMAIN}"
LOGIN = "load"
PASSWORD = "correct horse battery staple"


def free_port():
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_banner(port, seconds=20.0, still_alive=lambda: True):
    """Until the server on 127.0.0.1:port greets with 220."""
    end = time.monotonic() + seconds
    last = "no answer"
    while time.monotonic() < end and still_alive():
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as s:
                s.settimeout(5)
                greeting = s.recv(512)
                if greeting.startswith(b"220"):
                    s.sendall(b"QUIT\r\n")
                    s.recv(512)
                    return
                last = greeting.decode("latin-1").strip() or "closed"
        except OSError as error:
            last = str(error)
        time.sleep(0.05)
    raise Unavailable(f"no SMTP greeting on port {port}: {last}")


class Peer:
    """One server. prepare() once; then start() ... stop() as often as wanted, each time with an empty queue.

    keep:  accept for any domain and keep it queued without trying to deliver (each server's own way of holding mail).
    relay: accept and deliver at once to 127.0.0.1:next_hop.
    """
    name = ""
    stores = True   # answers 250 after it has stored the message
    relays = True
    is_ours = False
    takes_mail = True     # False: only sessions without mail are measured
    secures = False       # offers STARTTLS with self.certificate where there is one
    cores = None          # processor time of the whole server, where it is held to that
    authenticates = ()    # mechanisms; of self.mechanism it has an account (LOGIN, PASSWORD)

    def __init__(self, cache, scratch_parent=None):
        self.cache = pathlib.Path(cache)
        self.scratch_parent = scratch_parent
        self.scratch = self.group = self.process = None
        self.port = 0
        self.certificate = None
        self.mechanism = ""

    @classmethod
    def can(cls, case):
        return ((cls.relays or not case.relay) and (cls.is_ours or not case.our_sink) and (cls.takes_mail or not case.size) and
                (cls.secures or not case.certificate) and (not case.mechanism or case.mechanism in cls.authenticates))

    def prepare(self):
        """Installs what is needed. Raises Unavailable."""

    def version(self):
        return ""

    def launch(self, next_hop):
        """Writes the configuration into self.scratch and starts the server (self.process) in self.group."""
        raise NotImplementedError

    def end(self):
        """Asks the server to end; what does not end is killed by stop()."""
        self.process.send_signal(signal.SIGTERM)

    def start(self, next_hop=None):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix=f"ringpost-peer-{self.name}-", dir=self.scratch_parent))
        self.scratch.chmod(0o755)
        self.port = free_port()
        self.group = Group(self.name, self.cores)
        try:
            self.launch(next_hop)
            wait_for_banner(self.port, still_alive=lambda: self.process.poll() is None)
            self.after_start(next_hop)
        except BaseException:
            self.stop()
            raise

    def after_start(self, next_hop):
        pass

    def stop(self):
        pids = self.group.pids()  # without a cgroup, children of an ended parent could not be found any more
        if self.process and self.process.poll() is None:
            self.end()
            try:
                self.process.wait(10)
            except Exception:
                self.process.kill()
                self.process.wait()
        if not self.group.wait_empty(3, pids):
            for pid in {*pids, *self.group.pids()}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.group.wait_empty(5)
        self.group.close()
        self.process = None
        shutil.rmtree(self.scratch, ignore_errors=True)

    def log(self):
        """Where the server wrote what it has to say; for a message about a failed start."""
        path = self.scratch / "output"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def delays(self):
        """Seconds from arrival to the next hop's 250, of each delivery so far, as the server logs them; in their order."""
        return []

    def delays_in(self, name, pattern):
        path = self.scratch / name
        return [float(m) for m in re.findall(pattern, path.read_text(errors="replace"))] if path.exists() else []

    def spawn(self, command, **options):
        with open(self.scratch / "output", "ab") as output:
            self.process = self.group.start([str(c) for c in command], stdout=output, stderr=output,
                                            stdin=-3, cwd=self.scratch, start_new_session=True, **options)

    def write(self, name, text, mode=0o644):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.chmod(path, mode)
        return path
