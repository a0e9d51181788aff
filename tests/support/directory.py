"""Places where accounts are kept besides the account file: slapd and PostgreSQL, each on a loopback port of its own with
its data in a folder of the test."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

from support.base import Failure, check, end_process, free_port, wait_until

LDAP_BASE = "dc=example,dc=test"
SLAPD_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
maxsize 16777216
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin-secret
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""
LDIF = """\
dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: Example
"""
PERSON = """
dn: uid={uid},{base}
objectClass: inetOrgPerson
uid: {uid}
cn: {name}
sn: {name}
displayName: {name}
mail: {address}
userPassword: {password}
"""


def _wait_for_port(port, process, what, log):
    def answers():
        check(process.poll() is None, f"{what} ended: {log()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False
    wait_until(answers, 20, f"{what} answers\n{log()}")


class Slapd:
    """A directory `dc=example,dc=test` of people: {uid: (name, address, password)}. Anybody may search it; passwords
    are compared by bind only."""

    def __init__(self, people):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-slapd-"))
        (self.folder / "data").mkdir()
        self.conf = self.folder / "slapd.conf"
        self.conf.write_text(SLAPD_CONF.format(folder=self.folder, base=LDAP_BASE))
        ldif = self.folder / "people.ldif"
        ldif.write_text(LDIF.format(base=LDAP_BASE) + "".join(
            PERSON.format(uid=uid, base=LDAP_BASE, name=name, address=address, password=password)
            for uid, (name, address, password) in people.items()))
        add = subprocess.run([_program("slapadd"), "-f", self.conf, "-l", ldif], capture_output=True, text=True)
        check(add.returncode == 0, f"slapadd failed: {add.stderr}")
        self.port = free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([_program("slapd"), "-h", self.url, "-f", self.conf, "-d", "0"],
                                            stdout=output, stderr=output)
        try:
            _wait_for_port(self.port, self.process, "slapd", lambda: (self.folder / "output").read_text(errors="replace"))
        except Failure:
            self.stop()
            raise

    def pause(self):
        """Ends the server and keeps its data: start() brings it back on the same port."""
        end_process(self.process)

    def stop(self):
        end_process(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    """A database `mail` that the user `ringpost` reaches without a password, filled by `sql`. The server refuses to run
    as root, so it runs as the user its package made."""

    def __init__(self, sql):
        self.owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-postgres-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        if self.owner:
            os.chown(self.data, self.owner.pw_uid, self.owner.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "ringpost", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.port = free_port()
        self.conninfo = f"host=127.0.0.1 port={self.port} dbname=mail user=ringpost"
        self.process = None
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "ringpost", "mail")
        self.execute(sql)

    def _as_owner(self):
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if self.owner else {}

    def _run(self, name, *arguments, text=None):
        run = subprocess.run([_program(name), *map(str, arguments)], capture_output=True, text=True, input=text,
                             cwd=self.folder, **self._as_owner())
        check(run.returncode == 0, f"{name} failed: {run.stderr}")
        return run.stdout

    def execute(self, sql):
        return self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", self.conninfo, text=sql)

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                [_program("postgres"), "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"],
                stdout=output, stderr=output, cwd=self.folder, **self._as_owner())
        try:
            log = lambda: (self.folder / "output").read_text(errors="replace")  # noqa: E731
            _wait_for_port(self.port, self.process, "PostgreSQL", log)
            wait_until(lambda: "ready to accept connections" in log().rpartition("starting PostgreSQL")[2], 20,
                       "PostgreSQL is ready")
        except Failure:
            self.stop()
            raise

    def pause(self):
        """Ends the server and keeps its data: start() brings it back on the same port."""
        end_process(self.process, how=signal.SIGINT)  # fast shutdown

    def stop(self):
        end_process(self.process, how=signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


def _program(name):
    folders = [*sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), "/usr/sbin", "/usr/bin"]
    for folder in folders:
        path = pathlib.Path(folder) / name
        if path.exists():
            return str(path)
    raise Failure(f"{name} is not installed: deploy/setup.sh --tests")
