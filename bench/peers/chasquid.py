"""chasquid, a server in Go, unpacked beside the others. It has no way to keep mail for foreign domains undelivered, so only
sessions without mail are measured: handshakes.
"""
import subprocess

from certificates import NAME
from peers import install
from peers.base import TEST_DOMAIN, Peer

CONFIGURATION = """\
hostname: "chasquid.example.com"
smtp_address: "127.0.0.1:{port}"
submission_address: "127.0.0.1:0"
submission_over_tls_address: "127.0.0.1:0"
data_dir: "{dir}/data"
mail_log_path: "{dir}/maillog"
"""


class Chasquid(Peer):
    name = "chasquid"
    relays = takes_mail = False
    secures = True

    def prepare(self):
        self.root = install.unpacked(self.cache, "chasquid")
        self.binary = self.root / "usr/bin/chasquid"

    def version(self):
        done = subprocess.run([self.binary, "--version"], capture_output=True, text=True)
        words = (done.stdout or done.stderr).split()
        return words[1] if len(words) > 1 else "unknown"

    def launch(self, next_hop):
        self.write("chasquid.conf", CONFIGURATION.format(port=self.port, dir=self.scratch))
        for name in (f"domains/{TEST_DOMAIN}", "data", f"certs/{NAME}"):  # it wants at least one domain and certificate
            (self.scratch / name).mkdir(parents=True)
        chain, key = self.certificate.write(self.scratch / "certs" / NAME)
        chain.rename(chain.with_name("fullchain.pem"))
        key.rename(key.with_name("privkey.pem"))
        self.spawn([self.binary, f"--config_dir={self.scratch}"])
