"""A relay in a container, as the stories of the image run it: everything that docs/containers.md promises to hold."""

import shutil
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

    def seconds_to_banner(self, begin, seconds=30):
        """From `begin` to the first octet of the greeting."""
        def greeted():
            try:
                with Client("127.0.0.1", self.port, timeout=5) as client:
                    return client.reply().code == 220 and time.monotonic() - begin
            except (OSError, AssertionError):
                return 0
        return wait_until(greeted, seconds, "a banner", 0.002)


def refused(box, code, *words):
    """The container ends with `code` and one line for people that has all the words in it."""
    ended = box.wait()
    lines = [line for line in box.log().splitlines() if not line.startswith("{")]
    check(ended == code, f"the container ended with {ended} instead of {code}\n{box.log()}")
    check(len(lines) == 1, f"{len(lines)} lines instead of one: {lines}")
    check(all(word in lines[0] for word in words), f"the line lacks one of {words}: {lines[0]}")
