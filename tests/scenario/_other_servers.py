"""Exim and OpenSMTPD in the middle of the way: they take mail from anybody on loopback, hand what is for example.test to
us, and everything else to a next hop; they refuse refused@here.example for good and later@here.example for now."""

import os

from lib import DOMAIN, ROOT, Failure, Skip

import _peers  # noqa: F401  (its path to bench/)
from peers.exim import Exim
from peers.install import Unavailable
from peers.opensmtpd import OpenSmtpd

EXIM = """\
exim_path = {exim}
primary_hostname = exim.example.com
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
hosts_treat_as_local =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
dsn_advertise_hosts = *
never_users =
acl_smtp_rcpt = recipient
acl_smtp_data = content

begin acl
recipient:
  deny local_parts = refused
       message = 550 5.1.1 nobody of that name here
  defer local_parts = later
       message = 451 4.7.1 come back later
  accept
content:
  deny condition = ${{if match{{$h_subject:}}{{refuse the text}}}}
       message = 554 5.6.0 we do not like the text
  accept

begin routers
us:
  driver = manualroute
  domains = {ours}
  transport = to_us
  route_list = * 127.0.0.1
  self = send
others:
  driver = manualroute
  transport = onward
  route_list = * 127.0.0.1
  self = send

begin transports
to_us:
  driver = smtp
  port = {back}
  allow_localhost
  hosts_avoid_tls = *
  hosts_try_fastopen =
onward:
  driver = smtp
  port = {onward}
  allow_localhost
  hosts_avoid_tls = *
  hosts_try_fastopen =

begin retry
* * F,2h,15m
"""

OPENSMTPD = """\
filter "later" phase rcpt-to match rcpt-to {{ "later@here.example" }} reject "451 4.7.1 come back later"
listen on 127.0.0.1 port {port} hostname opensmtpd.example.com filter "later"
mta limit conn-delay-host 0 conn-delay-source 0 conn-delay-connector 0 conn-delay-relay 0 conn-delay-domain 0
action "us" relay host smtp://127.0.0.1:{back}
action "onward" relay host smtp://127.0.0.1:{onward}
match from any for rcpt-to "refused@here.example" reject
match from any for domain "{ours}" action "us"
match from any for any action "onward"
"""


class OurExim(Exim):
    def configuration(self, next_hop):
        back, onward = next_hop
        return EXIM.format(exim=self.binary, dir=self.scratch, port=self.port, ours=DOMAIN, back=back, onward=onward)


class OurOpenSmtpd(OpenSmtpd):
    def configuration(self, next_hop):
        back, onward = next_hop
        return OPENSMTPD.format(port=self.port, ours=DOMAIN, back=back, onward=onward)


def _start(ctx, server, back, onward):
    if os.geteuid() != 0:
        raise Skip(f"{server.name} must be started as root")
    try:
        server.prepare()
        server.start(next_hop=(back, onward))
    except Unavailable as error:
        log = server.log() if server.scratch else ""
        raise (Failure if log else Skip)(f"{server.name}: {error}\n{log}") from None
    ctx.on_exit(server.stop)
    return server


def exim(ctx, back, onward):
    """Mail for example.test goes to port `back`, all other to port `onward`."""
    return _start(ctx, OurExim(ROOT / "build" / "peers"), back, onward)


def opensmtpd(ctx, back, onward):
    return _start(ctx, OurOpenSmtpd(ROOT / "build" / "peers"), back, onward)
