"""Exim, unpacked beside Postfix. It syncs its spool files before 250.

keep: queue_only, so that nothing is delivered until a queue runner comes, and none is started.
"""
import subprocess

from peers import install
from peers.base import Peer

CONFIGURATION = """\
exim_path = {exim}
primary_hostname = exim.example.com
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/exim.pid
domainlist none = :
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
hosts_treat_as_local =
host_lookup =
rfc1413_hosts =
{tls}
never_users =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 500
message_size_limit = 100M
acl_smtp_rcpt = accept
acl_smtp_data = accept
{extra}

begin acl
accept:
  accept

begin routers
all:
  driver = manualroute
  transport = remote
  route_list = * 127.0.0.1
  self = send

begin transports
remote:
  driver = smtp
  port = {next_hop}
  allow_localhost
  hosts_avoid_tls = *
  hosts_try_fastopen =

begin retry
* * F,2h,15m
"""


TLS = """\
tls_advertise_hosts = *
tls_certificate = {}
tls_privatekey = {}"""


class Exim(Peer):
    name = "exim"
    secures = True

    def prepare(self):
        install.packages("libidn12", "libdb5.3", "libgnutls-dane0", "libgnutls30", "libnsl2", "libpcre2-8-0")
        self.root = install.unpacked(self.cache, "exim4-daemon-light", "exim4-base")
        self.binary = self.root / "usr/sbin/exim4"
        install.system_user("Debian-exim", "/var/spool/exim4")
        self.version()

    def version(self):
        done = subprocess.run([self.binary, "--version"], capture_output=True, text=True)
        if not done.stdout.startswith("Exim version"):
            raise install.Unavailable((done.stderr or done.stdout).strip()[:200])
        return done.stdout.split()[2]

    def launch(self, next_hop):
        for name in ("spool", "log"):
            (self.scratch / name).mkdir()
            subprocess.run(["chown", "Debian-exim:Debian-exim", self.scratch / name], check=True)
        path = self.write("exim.conf", self.configuration(next_hop))
        self.spawn([self.binary, "-C", path, "-bdf"])

    def configuration(self, next_hop):
        extra = "queue_only = true" if not next_hop else "remote_max_parallel = 20"
        tls = TLS.format(*self.certificate.write(self.scratch)) if self.certificate else "tls_advertise_hosts ="
        return CONFIGURATION.format(tls=tls, exim=self.binary, dir=self.scratch, port=self.port, next_hop=next_hop or 9,
                                    extra=extra)

    def log(self):
        text = super().log()
        for path in (self.scratch / "log").glob("*"):
            text += path.read_text(errors="replace")[-2000:]
        return text
