"""A clean Debian root with systemd running in it, for stories about the unit: systemd-nspawn, with a network of its own.

It has cgroups of its own below this process's root, and both go when it ends. What systemd-nspawn is not allowed to do
here skips the story.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import time

from support.base import Failure, NotPermitted, check, end_process, wait_until
from support.base_system import BASE, System

CGROUPS = [path for path in map(pathlib.Path, ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"))
           if (path / "cgroup.procs").exists()]
# What systemd-nspawn does not let its containers do unless it is told.
SYSTEM_CALLS = ("io_uring_setup io_uring_enter io_uring_register seccomp landlock_create_ruleset landlock_add_rule "
                "landlock_restrict_self")
CLONE_NEWNET = 0x40000000


class Booted:
    """Boots `system`, which has systemd installed; run() is in it, and so are sockets made within network()."""

    def __init__(self, system, log):
        self.system = system
        self.log = pathlib.Path(log)
        self.groups = [path / f"ringpost-test-{os.getpid()}" for path in CGROUPS]
        if not shutil.which("systemd-nspawn"):
            raise Failure("systemd-container is not installed (deploy/setup.sh --tests)")
        for group in self.groups:
            try:
                group.mkdir(exist_ok=True)
            except OSError as error:
                raise NotPermitted(f"a cgroup of its own: {error}") from None
        command = ["systemd-nspawn", "--quiet", "-D", str(system.root), "--register=no", "--keep-unit", "--private-network",
                   f"--bind={BASE}/archives:/var/cache/apt/archives", "--kill-signal=SIGRTMIN+3",
                   f"--system-call-filter={SYSTEM_CALLS}", "--boot"]
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=self._enter_groups)
        try:
            self.leader = wait_until(self._find_leader, 30, "systemd's first process")
            wait_until(self._is_running, 60, "systemd has started all units", 0.3)
        except Failure as failure:
            self.close()
            raise NotPermitted(f"booting systemd: {failure} ({self.log.read_text(errors='replace')[-300:]!r})") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _enter_groups(self):
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _find_leader(self):
        """The process that is number 1 in a namespace of its own, below systemd-nspawn."""
        check(self.process.poll() is None, f"systemd-nspawn ended with {self.process.returncode}")
        below = {self.process.pid}
        parents = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
                parents[int(path.parent.name)] = (int(fields["PPid"]), fields["Name"], fields.get("NSpid", "").split())
        for _ in range(4):
            below |= {pid for pid, (parent, _, _) in parents.items() if parent in below}
        return next((pid for pid in below if pid in parents and parents[pid][1] == "systemd" and parents[pid][2][-1:] == ["1"]
                     and len(parents[pid][2]) > 1), None)

    def _is_running(self):
        state = self.run("systemctl", "is-system-running", expect=None).split()
        return state and state[0] in ("running", "degraded")

    def run(self, *command, expect=0, timeout=120):
        """Runs a program beside systemd to its end; returns what it said on both streams."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                       "HOME": "/root"}
        run = subprocess.run(["nsenter", "--all", "--target", str(self.leader), *map(str, command)], capture_output=True,
                             timeout=timeout, env=environment, stdin=subprocess.DEVNULL, cwd="/")
        out = (run.stdout + run.stderr).decode(errors="replace")
        check(expect is None or run.returncode == expect, f"{' '.join(map(str, command))} ended with {run.returncode}:\n{out}")
        return out

    def show(self, unit, name):
        """A property of a unit, as systemctl shows it."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    @contextlib.contextmanager
    def network(self):
        """Sockets made by this thread meanwhile are in the container's network; they stay there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as ours, open(f"/proc/{self.leader}/ns/net") as its:
            check(libc.setns(its.fileno(), CLONE_NEWNET) == 0, f"setns: {os.strerror(ctypes.get_errno())}")
            try:
                yield
            finally:
                check(libc.setns(ours.fileno(), CLONE_NEWNET) == 0, "no way back from the container's network")

    def close(self):
        end_process(self.process)
        for group in self.groups:
            for path in [*sorted(group.rglob("*/"), key=lambda p: -len(p.parts)), group]:
                for _ in range(50):  # a cgroup is busy until its last process is gone
                    try:
                        path.rmdir()
                        break
                    except FileNotFoundError:
                        break
                    except OSError:
                        time.sleep(0.02)
