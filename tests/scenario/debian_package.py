"""The Debian package installs, starts, and is upgraded in place with mail in its queue, which arrives: in a clean root by
hand, and under systemd with the package's own unit. What the administrator wrote stays, and purge does not delete mail."""

import contextlib
import functools
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading

from lib import Client, check, check_equal, free_port, wait_until
from support.base import ROOT, build_dir
from support.base_system import System, command_in
from support.booted import Booted

PRESETS = ["release"]
OLDER, NEWER = "0.1.0", "0.1.1"
CONFIG = "/etc/ringpost/ringpost.toml"
BODY = b"Subject: kept over an upgrade\r\n\r\nhello\r\n"


@functools.cache
def packages(preset, version):
    """The .deb of the server and, of the older version, of the load generator, from the binaries that were built."""
    folder = build_dir(preset).parent / "packages-test" / version
    shutil.rmtree(folder, ignore_errors=True)
    components = "server;bench" if version == OLDER else "server"
    run = subprocess.run(["cpack", "--config", build_dir(preset) / "CPackConfig.cmake", "-B", folder, "-R", version,
                          "-D", f"CPACK_COMPONENTS_ALL={components}", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"],
                         capture_output=True, text=True, timeout=300)
    check(run.returncode == 0, f"cpack: {run.stdout}{run.stderr}")
    return sorted(folder.glob("*.deb"))


def put(system, package):
    """Copies a package into the root; returns its path there."""
    (system.path("/root") / package.name).write_bytes(package.read_bytes())
    return f"/root/{package.name}"


def administrators_configuration(port, admin, next_hop):
    return (f'hostname = "mx.example.test"\n[[listener]]\naddress = "127.0.0.1:{port}"\n'
            f'[relay]\ntrusted_networks = ["127.0.0.0/8"]\n[[route]]\ndomain = "*"\nnext_hop = "smtp://127.0.0.1:{next_hop}"\n'
            f'[queue]\nretry = {{ first = "1s", factor = 1.0, max = "1s" }}\nmin_free_disk = "16MiB"\n'
            f'[limits]\nsessions_max = 1000\n[admin]\naddress = "127.0.0.1:{admin}"\n')


def send(port):
    with contextlib.closing(Client("127.0.0.1", port)) as client:
        client.greet()
        return client.send("someone@example.net", "kept@foreign.example", BODY)


def check_installed(system):
    check("no problems" in system.run("ringpost", "check-config"), "the configuration as installed is refused")
    seen = system.run("stat", "-c", "%U:%G %a %n", "/etc/ringpost", CONFIG, "/var/lib/ringpost").split("\n")[:3]
    check_equal(seen, ["root:ringpost 750 /etc/ringpost", f"root:ringpost 640 {CONFIG}",
                       "ringpost:ringpost 700 /var/lib/ringpost"], "owners and modes")


def check_purged(system, said):
    check("/var/lib/ringpost is kept" in said, f"purge does not say that mail is kept: {said}")
    check(any(system.path("/var/lib/ringpost/spool").iterdir()), "purge has deleted the queue")
    check(not system.path(CONFIG).exists() and not system.path("/usr/bin/ringpost").exists(), "files are left")


class ByHand:
    """The unit's command in the root, as its user: what systemd does, without systemd."""

    def __init__(self, ctx, system):
        self.system = system
        self.log = ctx.folder / "server.log"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(f"\0ringpost-package-{os.getpid()}")
        self.process = None
        ctx.on_exit(self.stop)

    def start(self):
        unit = self.system.path("/lib/systemd/system/ringpost.service").read_text()
        command = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.M).group(1))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command_in(self.system.root, "setpriv", "--reuid=ringpost", "--regid=ringpost", "--init-groups",
                           "--no-new-privs", *command),
                stdout=log, stderr=log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": f"@ringpost-package-{os.getpid()}"})
        self.manager.settimeout(60)
        check(b"READY=1" in self.manager.recv(4096), "systemd is told something else than that the server is ready")

    def stop(self):
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            check_equal(process.wait(60), 0, f"exit status (see {self.log})")
            self.manager.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.manager.recv(4096)


def test_upgrade_in_a_clean_root_keeps_the_mail(ctx):
    ctx.need("cpack", "debootstrap", "setpriv")
    [older] = [path for path in packages(ctx.preset, OLDER) if "bench" not in path.name]
    [newer] = packages(ctx.preset, NEWER)
    port, admin, away = free_port(), free_port(), free_port()
    system = System(ctx.folder / "root")
    system.install([put(system, older), "systemd-standalone-sysusers", "systemd-standalone-tmpfiles"])
    check_installed(system)
    system.path(CONFIG).write_text(written := administrators_configuration(port, admin, away))
    server = ByHand(ctx, system)
    server.start()
    send(port)
    said = system.run("dpkg", "-i", put(system, newer))
    check(f"{NEWER}-1" in system.run("dpkg-query", "-W", "ringpost"), f"not upgraded: {said}")
    check_equal(system.path(CONFIG).read_text(), written, "the administrator's configuration")
    server.stop()
    server.start()
    peer = ctx.peer(port=away)
    peer.wait(1, 30)
    check(b"hello" in peer.messages[0]["body"], f"what arrived: {peer.messages[0]['body']}")
    server.stop()
    check_purged(system, system.run("dpkg", "--purge", "ringpost"))


def test_systemd_starts_it_and_an_upgrade_keeps_the_mail(ctx):
    ctx.need("cpack", "debootstrap", "nsenter")
    [older] = [path for path in packages(ctx.preset, OLDER) if "bench" not in path.name]
    [newer] = packages(ctx.preset, NEWER)
    system = System(ctx.folder / "root")
    system.install(["systemd-sysv"])
    system.run("apt-get", "-q", "-y", "install", "--download-only", put(system, older))
    with Booted(system, ctx.folder / "boot.log") as debian:
        debian.run("apt-get", "-q", "-y", "install", f"/root/{older.name}")
        check_equal(debian.show("ringpost", "ActiveState"), "active", debian.run("journalctl", "-u", "ringpost", "-o", "cat"))
        check_installed(system)
        allowed = debian.show("ringpost", "SystemCallFilter").split()
        check({"io_uring_setup", "capset", "seccomp", "landlock_restrict_self"} <= set(allowed), f"allowed calls: {allowed}")
        check(not {"mount", "setuid", "add_key"} & set(allowed), f"allowed calls: {allowed}")
        system.path(CONFIG).write_text(written := administrators_configuration(2525, 8025, 2626))
        debian.run("systemctl", "restart", "ringpost")
        with debian.network():
            send(2525)
        first = debian.show("ringpost", "MainPID")
        debian.run("apt-get", "-q", "-y", "install", put(system, newer))
        check_equal(debian.show("ringpost", "ActiveState"), "active", "state after the upgrade")
        check(debian.show("ringpost", "MainPID") != first, "the old program runs on after the upgrade")
        check_equal(system.path(CONFIG).read_text(), written, "the administrator's configuration")
        with debian.network():
            peer = ctx.peer(port=2626)
        peer.wait(1, 30)
        it_is_changed_while_it_runs(debian, system)
        a_restart_refuses_nobody(debian, system)
        the_unit_minds_its_server(debian, system)
        debian.run("apt-get", "-q", "-y", "remove", "ringpost")
        check(debian.show("ringpost", "ActiveState") != "active", "the server runs on after its removal")
        check_purged(system, debian.run("dpkg", "--purge", "ringpost"))


def it_is_changed_while_it_runs(debian, system):
    """`systemctl reload` puts a good configuration in force, and fails on a bad one, which leaves the server as it was."""
    right = system.path(CONFIG).read_text()
    pid = debian.show("ringpost", "MainPID")
    system.path(CONFIG).write_text(right.replace("sessions_max = 1000", "sessions_max = 1000\nrecipients_max = 1"))
    debian.run("systemctl", "reload", "ringpost")
    with debian.network(), contextlib.closing(Client("127.0.0.1", 2525)) as client:
        client.greet()
        client.command("MAIL FROM:<a@example.net>", 250)
        client.command("RCPT TO:<a@foreign.example>", 250)
        client.command("RCPT TO:<b@foreign.example>", 452)
    system.path(CONFIG).write_text(right + "nonsense = 1\n")
    debian.run("systemctl", "reload", "ringpost", expect=1)
    check_equal((debian.show("ringpost", "MainPID"), debian.show("ringpost", "ActiveState")), (pid, "active"), "the server")
    system.path(CONFIG).write_text(right)
    debian.run("systemctl", "reload", "ringpost")


def a_restart_refuses_nobody(debian, system):
    """With ringpost.socket: whoever connects while the server is restarted waits, and is served by the next one."""
    drop_in = system.path("/etc/systemd/system/ringpost.socket.d/test.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Socket]\nListenStream=\nListenStream=127.0.0.1:2525\n")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "stop", "ringpost")
    debian.run("systemctl", "start", "ringpost.socket", "ringpost.service")
    before = debian.show("ringpost", "MainPID")
    restart = threading.Thread(target=debian.run, args=("systemctl", "restart", "ringpost.service"))
    restart.start()
    waiting = []
    with debian.network():
        while restart.is_alive():
            waiting.append(Client("127.0.0.1", 2525))  # raises where the connection is refused
            restart.join(0.02)
        waiting.append(Client("127.0.0.1", 2525))
    check(debian.show("ringpost", "MainPID") != before and len(waiting) > 3, f"not restarted, or {len(waiting)} connections")
    greeted = [client.reply().code for client in waiting]
    # Those that the old one took in its last moment hear that it ends.
    check(greeted.count(220) > 1 and greeted[-1] == 220 and set(greeted) <= {220, 421}, f"greetings: {greeted}")
    for client in waiting:
        client.close()
    debian.run("systemctl", "stop", "ringpost.socket", "ringpost.service")
    drop_in.unlink()
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "start", "ringpost.service")


def the_unit_minds_its_server(debian, system):
    """A server that hangs is started again; one whose configuration has mistakes is not."""
    drop_in = system.path("/etc/systemd/system/ringpost.service.d/test.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "restart", "ringpost")
    hung = debian.show("ringpost", "MainPID")
    debian.run("systemctl", "kill", "--kill-who=main", "--signal=STOP", "ringpost")
    wait_until(lambda: debian.show("ringpost", "NRestarts") == "1", 30, "the hung server was given up", 0.2)
    wait_until(lambda: debian.show("ringpost", "ActiveState") == "active", 30, "another was started", 0.2)
    check(debian.show("ringpost", "MainPID") != hung, "the hung server is still the main process")
    right = system.path(CONFIG).read_text()
    system.path(CONFIG).write_text(right + "nonsense = 1\n")
    debian.run("systemctl", "restart", "ringpost", expect=1)
    check_equal((debian.show("ringpost", "ActiveState"), debian.show("ringpost", "ExecMainStatus")), ("failed", "78"), "state")
    check("nonsense" in debian.run("journalctl", "-u", "ringpost", "-o", "cat"), "the journal does not name the mistake")
    system.path(CONFIG).write_text(right)
    debian.run("systemctl", "start", "ringpost")


def test_packages_have_no_faults_that_lintian_knows(ctx):
    ctx.need("cpack", "lintian")
    built = packages(ctx.preset, OLDER)
    check_equal(len(built), 2, "packages")
    said = ctx.run("lintian", "--allow-root", "--fail-on", "error,warning", "--info", *built, timeout=120)
    check(not re.search(r"^[EW]: ", said, re.M), said)
    overrides = sum(len([line for line in path.read_text().splitlines() if not line.startswith("#")])
                    for path in (ROOT / "deploy/debian").glob("*.lintian-overrides"))
    check(overrides <= 2, "more than the documented override")
