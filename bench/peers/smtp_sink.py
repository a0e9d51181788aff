"""Postfix's smtp-sink: speaks SMTP and throws the message away. No storage: what the protocol alone costs.

Also the neutral next hop of the relay case; counted() says how many messages have come in.
"""
import re
import subprocess

from peers import install
from peers.base import Peer


class SmtpSink(Peer):
    name = "smtp-sink"
    stores = relays = False

    def prepare(self):
        install.packages("postfix")

    def version(self):
        return subprocess.run(["postconf", "-h", "-d", "mail_version"], capture_output=True, text=True).stdout.strip()

    def launch(self, next_hop):
        self.spawn(["/usr/sbin/smtp-sink", "-4", "-c", "-u", "nobody", "-m", "2000", f"127.0.0.1:{self.port}", "1024"])

    def counted(self):
        """Messages received so far, from the running counter (sess=N quit=N mesg=N, separated by CR)."""
        text = (self.scratch / "output").read_bytes()[-200:].decode("latin-1")
        found = re.findall(r"mesg=(\d+)", text)
        return int(found[-1]) if found else 0
