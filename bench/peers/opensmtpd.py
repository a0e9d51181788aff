"""OpenSMTPD, unpacked beside Postfix, in a mount namespace of its own because its spool and socket paths are built in.

It answers 250 after write(2), without any sync: its numbers compare with `durability = "written"`.
Its listen backlog is 5, built in: when many sessions open at once, connections wait a second for their SYN to be sent
again, which long runs even out and the reconnect cases show in full.
The pauses its client makes between connections by default are switched off, and it may open 20, as the others do.
keep: deliveries paused (smtpctl pause mta).
"""
import os
import shutil
import subprocess

from peers import install
from peers.base import Peer

CONFIGURATION = """\
listen on 127.0.0.1 port {port} hostname opensmtpd.example.com
smtp max-message-size "100M"
smtp limit max-mails 1000000
queue ttl 5d
mta limit conn-delay-host 0 conn-delay-source 0 conn-delay-connector 0 conn-delay-relay 0 conn-delay-domain 0
mta limit reconn-delay-route 0 session-transaction-delay 0 max-conn-per-host 20 max-conn-per-route 20
mta limit max-conn-per-connector 20 max-conn-per-relay 20 max-conn-per-domain 20
action "relay" relay host smtp://127.0.0.1:{next_hop}
match from any for any action "relay"
"""

# The spool must belong to root and have these modes, or smtpd refuses to start.
INSIDE = """
set -e
mount --make-rprivate /
mkdir -p /var/spool/smtpd
mount --bind "$1/spool" /var/spool/smtpd
mount --bind "$1/run" /run
mount --bind "$1/resolv.conf" /etc/resolv.conf
exec "$2/usr/sbin/smtpd" -d -f "$1/smtpd.conf"
"""


class OpenSmtpd(Peer):
    name = "opensmtpd"

    def prepare(self):
        install.packages("libevent-2.1-7", "libssl3", "libdb5.3", "libpam0g", "zlib1g")
        self.root = install.unpacked(self.cache, "opensmtpd")
        install.system_user("opensmtpd", "/var/lib/opensmtpd/empty")
        install.system_user("opensmtpq")
        os.makedirs("/var/lib/opensmtpd/empty", exist_ok=True)
        smtpctl = self.root / "usr/sbin/smtpctl"
        shutil.chown(smtpctl, "root", "opensmtpq")
        smtpctl.chmod(0o2555)  # it refuses to work otherwise
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            raise install.Unavailable("a mount namespace is not permitted here (unshare --mount)")

    def version(self):
        done = subprocess.run([self.root / "usr/sbin/smtpd", "-h"], capture_output=True, text=True)
        text = done.stdout + done.stderr
        return text.split("version:")[1].split()[1] if "version:" in text else "unknown"

    def launch(self, next_hop):
        for name in ("spool", "run"):
            (self.scratch / name).mkdir(mode=0o711)
        modes = {"corrupt": 0o700, "incoming": 0o700, "queue": 0o700, "temporary": 0o700, "purge": 0o700,
                 "offline": 0o770}
        for name, mode in modes.items():
            path = self.scratch / "spool" / name
            path.mkdir()
            os.chmod(path, mode)
            shutil.chown(path, "root" if name == "offline" else "opensmtpq" if mode == 0o700 else "root",
                         "opensmtpq" if name == "offline" else "root")
        self.write("resolv.conf", "lookup file\n")  # else every connection waits for a name server that is not there
        self.write("smtpd.conf", self.configuration(next_hop))
        self.spawn(["unshare", "--mount", "/bin/sh", "-c", INSIDE, "smtpd", self.scratch, self.root])

    def configuration(self, next_hop):
        return CONFIGURATION.format(port=self.port, next_hop=next_hop or 9)

    def after_start(self, next_hop):
        if next_hop:
            return
        done = subprocess.run(["nsenter", "--mount", f"--target={self.process.pid}", self.root / "usr/sbin/smtpctl",
                               "pause", "mta"], capture_output=True, text=True)
        if done.returncode != 0:
            raise install.Unavailable(f"smtpctl pause mta: {done.stderr.strip() or done.stdout.strip()}")
