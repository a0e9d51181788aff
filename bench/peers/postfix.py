"""Postfix with its stock durability: a message is fsync()ed before 250.

keep: an access table answers HOLD, so that neither the queue manager nor a delivery agent spends time on the message.
"""
import os
import shutil
import signal
import subprocess

from peers import install
from peers.base import Peer

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
myhostname = postfix.example.com
mydomain = example.com
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
disable_dns_lookups = yes
message_size_limit = 104857600
smtpd_peername_lookup = no
biff = no
"""


TLS = """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = {0}
smtpd_tls_key_file = {1}
"""


class Postfix(Peer):
    name = "postfix"
    secures = True

    def prepare(self):
        install.packages("postfix")

    def version(self):
        return subprocess.run(["postconf", "-h", "-d", "mail_version"], capture_output=True, text=True).stdout.strip()

    def configure(self, *lines):
        """Writes a configuration folder in the scratch folder; `lines` go to the end of main.cf and win."""
        conf = self.scratch / "conf"
        tls = TLS.format(*self.certificate.write(self.scratch)) if self.certificate else ""
        self.write("conf/main.cf", MAIN.format(dir=self.scratch) + tls + "".join(f"{line}\n" for line in lines))
        self.write("conf/master.cf", MASTER.format(port=self.port))
        for name in ("queue", "data"):
            (self.scratch / name).mkdir(exist_ok=True)
        shutil.chown(self.scratch / "data", "postfix")
        return conf

    def launch(self, next_hop):
        if next_hop:
            lines = [f"relayhost = [127.0.0.1]:{next_hop}"]
        else:
            lines = ["smtpd_data_restrictions = check_client_access static:HOLD"]
        self.launch_with(*lines)

    def launch_with(self, *lines):
        conf = self.configure(*lines)
        self.spawn(["/usr/sbin/postfix", "-c", conf, "start-fg"])

    def end(self):
        """The master is a child of `postfix start-fg`; it ends all others."""
        try:
            os.kill(int((self.scratch / "queue/pid/master.pid").read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            super().end()

    def delays(self):
        return self.delays_in("maillog", r" delay=([0-9.]+),.* status=sent")

    def log(self):
        path = self.scratch / "maillog"
        return super().log() + (path.read_text(errors="replace")[-4000:] if path.exists() else "")
