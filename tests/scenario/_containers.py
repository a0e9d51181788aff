"""A relay in a container, as the stories of the image run it: everything that docs/containers.md promises to hold."""

import os
import re
import shutil
import subprocess
import time
import urllib.request

from lib import Client, base_config, check, free_port, merge, to_toml, wait_until
from support.base import ROOT
from support.podman import Engine

USER = 2525
PROFILE = ROOT / "deploy" / "container" / "seccomp.json"
STRICT = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")


class Relay:
    """Configuration, volume and addresses of one relay; start() gives it a container."""

    def __init__(self, ctx, config, engine=None):
        self.ctx = ctx
        self.engine = engine or Engine(ctx)
        self.etc, self.data = ctx.folder / "etc", ctx.folder / "data"
        self.etc.mkdir()
        self.data.mkdir(mode=0o700)
        shutil.chown(self.data, USER, USER)
        self.port, self.admin = free_port(), f"127.0.0.1:{free_port()}"
        self.config = base_config("/var/lib/ringpost")
        merge(self.config, {"data_dir": "/var/lib/ringpost", "listener": [{"address": f"127.0.0.1:{self.port}", "role": "mx"}],
                            "domain": [], "admin": {"address": self.admin}})
        merge(self.config, config)
        self.write()

    def write(self):
        (self.etc / "ringpost.toml").write_text(to_toml({k: v for k, v in self.config.items() if v != []}))

    def container(self, profile=PROFILE, volume=None):
        """One that has begun and need not become ready; `volume` is the option that mounts another /var/lib/ringpost."""
        security = [f"--security-opt=seccomp={profile}"] if profile else []
        return self.engine.run(*STRICT, *security, volume or f"--volume={self.data}:/var/lib/ringpost",
                               volumes=[(self.etc, "/etc/ringpost:ro")])

    def start(self, **options):
        box = self.container(**options)
        box.wait_for(lambda: self.status("/health/ready") == 200, "ready")
        return box

    def status(self, path):
        try:
            return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{self.admin}{path}", timeout=5).status
        except OSError as error:
            return getattr(error, "code", 0)

    def send(self, recipient, body):
        with Client("127.0.0.1", self.port) as client:
            client.greet()
            return client.send("sender@example.test", [recipient], body)

    def wait_banner(self, seconds=30):
        """Until it greets with 220; returns when that was, in seconds since the machine's start."""
        def greeted():
            try:
                with Client("127.0.0.1", self.port, timeout=5) as client:
                    return client.reply().code == 220 and time.clock_gettime(time.CLOCK_BOOTTIME)
            except (OSError, AssertionError):
                return 0
        return wait_until(greeted, seconds, "a banner", 0.002)

    def native(self, program, folder, wrapper=()):
        """The same configuration outside a container: the same user, a volume and an address of its own, and like there
        somebody who reads its log from a pipe."""
        other = Relay.__new__(Relay)
        other.__dict__.update(self.__dict__, data=folder / "data", etc=folder / "etc", port=free_port(),
                              admin=f"127.0.0.1:{free_port()}", config=dict(self.config))
        other.etc.mkdir(parents=True)
        other.data.mkdir(mode=0o700)
        shutil.chown(other.data, USER, USER)
        other.config.update(data_dir=str(other.data), admin={"address": other.admin},
                            listener=[{"address": f"127.0.0.1:{other.port}", "role": "mx"}])
        other.write()
        for part in (self.ctx.folder, folder):
            part.chmod(0o755)
        command = [*wrapper, "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
                   program, "serve", "-c", other.etc / "ringpost.toml"]
        with open(folder / "native.log", "ab") as log:
            reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        process = subprocess.Popen([str(part) for part in command], stdout=reader.stdin, stderr=reader.stdin,
                                   stdin=subprocess.DEVNULL)
        reader.stdin.close()
        self.ctx.on_exit(reader.wait)
        self.ctx.on_exit(lambda: end(process))
        return other, process


def end(process):
    if process.poll() is None:
        process.terminate()
        process.wait(40)


def started(pid):
    """When a process began, in seconds since the machine's start."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        return int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def refused(box, code, *patterns):
    """The container ends with `code` and one line for people, which matches all the patterns."""
    ended = box.wait()
    lines = [line for line in box.log().splitlines() if not line.startswith("{")]
    check(ended == code, f"the container ended with {ended} instead of {code}\n{box.log()}")
    check(len(lines) == 1, f"{len(lines)} lines instead of one: {lines}")
    for pattern in patterns:
        check(re.search(pattern, lines[0], re.I), f"the line lacks {pattern}: {lines[0]}")
