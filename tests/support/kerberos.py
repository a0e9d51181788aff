"""A Kerberos realm of one's own (MIT): a KDC on a loopback port, a keytab for the server, tickets for the clients."""

import os
import pathlib
import subprocess

from support.base import Failure, check, end_process, free_port, wait_until

REALM = "EXAMPLE.TEST"
CONF = """\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
"""
KDC_CONF = """\
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


class Kdc:
    """`principals`: {name: password}; `services`: principals that get into the keytab."""

    def __init__(self, folder, principals, services):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        values = {"realm": REALM, "port": self.port, "folder": self.folder}
        (self.folder / "krb5.conf").write_text(CONF.format(**values))
        (self.folder / "kdc.conf").write_text(KDC_CONF.format(**values))
        self.keytab = self.folder / "keytab"
        self.environment = {"KRB5_CONFIG": str(self.folder / "krb5.conf")}
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "of the database")
        for name, password in principals.items():
            self._kadmin(f'addprinc -pw "{password}" {name}')
        for name in services:
            self._kadmin(f"addprinc -randkey {name}")
            self._kadmin(f"ktadd -k {self.keytab} {name}")
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-r", REALM], stdout=output, stderr=output,
                                            env=self._environment())
        try:
            wait_until(lambda: "commencing operation" in self.log(), 20, "the KDC commences operation")
        except Failure:
            self.stop()
            raise Failure(f"the KDC does not start: {self.log()}") from None

    def ticket(self, name, password):
        """A credential cache for this principal; returns the environment its programs need."""
        cache = self.environment | {"KRB5CCNAME": f"FILE:{self.folder}/cache-{name}"}
        self._run("kinit", name, stdin=password + "\n", environment=cache)
        return cache

    def log(self):
        return "\n".join(path.read_text(errors="replace") for name in ("output", "kdc.log")
                         if (path := self.folder / name).exists())

    def stop(self):
        end_process(self.process)

    def _kadmin(self, query):
        self._run("kadmin.local", "-r", REALM, "-q", query)

    def _environment(self, more=None):
        own = {"KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"), "PATH": "/usr/sbin:" + os.environ["PATH"]}
        return os.environ | self.environment | own | (more or {})

    def _run(self, *command, stdin="", environment=None):
        run = subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=60,
                             env=self._environment(environment))
        said = (run.stdout + run.stderr).decode(errors="replace")
        check(run.returncode == 0, f"{command[0]} ended with {run.returncode}: {said}")
