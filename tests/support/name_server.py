"""A name server of the tests: nsd with zones written in the test, on a port of loopback, signed where the test wants it."""

import subprocess

from support.base import check, end_process, free_port, wait_until

SOA = "@ 60 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ 60 IN NS ns.invalid.\n"


class NameServer:
    """`zones`: name to records, as lines of a zone file. Those in `signed` are signed with DNSSEC, and their keys stand
    in the file `trust_anchor`."""

    def __init__(self, folder, zones, signed=()):
        self.folder, self.port = folder, free_port()
        self.trust_anchor = str(folder / "anchor.key")
        folder.mkdir(parents=True)
        parts = [f'server:\n  ip-address: 127.0.0.1@{self.port}\n  username: ""\n  chroot: ""\n  database: ""\n'
                 f'  zonesdir: "{folder}"\n  pidfile: "{folder}/nsd.pid"\n  logfile: "{folder}/nsd.log"\n'
                 f'  xfrdfile: "{folder}/xfrd.state"\n  zonelistfile: "{folder}/zone.list"\n'
                 "  server-count: 1\n  do-ip6: no\nremote-control:\n  control-enable: no\n"]
        for name, records in zones.items():
            (folder / f"{name}.zone").write_text(f"$ORIGIN {name}.\n" + SOA + "\n".join(records) + "\n")
            suffix = ".signed" if name in signed else ""
            if suffix:
                self._sign(name)
            parts.append(f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone{suffix}"\n')
        (folder / "nsd.conf").write_text("".join(parts))
        self.process = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _sign(self, name):
        """NAME.zone.signed, by a key made here."""
        def run(*command):
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
            check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr}")
            return done.stdout
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", name).strip()
        run("ldns-signzone", f"{name}.zone", key)
        with open(self.trust_anchor, "a") as anchors:
            anchors.write((self.folder / f"{key}.key").read_text())

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def wait(self):
        log = self.folder / "nsd.log"
        wait_until(lambda: log.exists() and "nsd started" in log.read_text(), 20, "nsd")

    def stop(self):
        end_process(self.process)
