#!/usr/bin/env python3
"""The image of deploy/container/Dockerfile, built and run by podman without a registry and with little permission.

    engine = Engine(ctx)                        # NotPermitted where this machine lets nobody run containers
    box = engine.run("--read-only", volumes={folder: "/var/lib/ringpost"})
    box.wait_ready(); box.stop()                # SIGTERM, as an engine stops a container

What this ground needs and a user does not stays here: the base is made by debootstrap instead of pulled; building is isolated
by chroot, on the host's network; compilers share the ccache of the release build; a container runs on the host's network, in
a mount namespace where the second cgroup hierarchy is not mounted (nobody may write it here), and its health is asked by the
tests, because podman wants systemd for that. Run as a program this file is
the OCI runtime: crun, without the resource limits that only CAP_SYS_RESOURCE may raise.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import zlib

if __name__ != "__main__":
    from support.base import ROOT, Failure, NotPermitted, check, wait_until
    from support.base_system import BASE, base_tar

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "podman"
RUN = f"/run/ringpost-podman-{zlib.crc32(str(FOLDER).encode()):08x}"  # of this source tree alone
BASE_IMAGE = "localhost/ringpost-base"
IMAGE = "localhost/ringpost"
NOT_BUILT_FROM = (".py", ".md", ".pyc")  # as .dockerignore says
ENTER = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\""


def podman(*arguments):
    """The command line of podman with storage of its own."""
    return ["podman", "--root", str(FOLDER / "storage"), "--runroot", RUN, "--cgroup-manager", "cgroupfs",
            "--events-backend", "file", "--runtime", str(pathlib.Path(__file__).resolve()), *[str(a) for a in arguments]]


def alone(command):
    """`command` in a mount namespace of its own, without the cgroup hierarchy that crun could not write."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", *command]


def call(*arguments, seconds=120, expect=0):
    """Runs podman to its end; returns what it said on both streams."""
    run = subprocess.run(alone(podman(*arguments)), capture_output=True, timeout=seconds, cwd=ROOT)
    out = (run.stdout + run.stderr).decode(errors="replace")
    check(expect is None or run.returncode == expect, f"podman {' '.join(map(str, arguments))} ended with {run.returncode}:\n{out}")
    return out


def source_hash():
    """Of every file the image is built from, with its name: what the Dockerfile copies out of the source tree, and itself."""
    digest = hashlib.sha256()
    dockerfile = ROOT / "deploy" / "container" / "Dockerfile"
    copied = [word for words in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile.read_text(), re.M) for word in words.split()]
    for top in sorted(path for word in copied for path in ROOT.glob(word)) + [dockerfile]:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix not in NOT_BUILT_FROM:
                digest.update(f"{path.relative_to(ROOT)} {path.stat().st_mode & 0o111:o}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Engine:
    """podman with the image of this source tree, which is built where it is not there yet."""

    def __init__(self, ctx):
        ctx.need("podman", "buildah", "crun")
        if os.geteuid() != 0:
            raise NotPermitted("containers without being root")
        self.ctx = ctx
        self._base()
        self.image = f"{IMAGE}:{source_hash()}"
        if not _exists(self.image):
            self._build()

    def _base(self):
        tar = base_tar()
        if not _exists(BASE_IMAGE):
            call("import", tar, BASE_IMAGE, seconds=300)
        out = call("run", "--rm", "--network=host", BASE_IMAGE, "echo", "may run", expect=None)
        if "may run" not in out:
            raise NotPermitted(f"running a container: {out.strip()}")

    def _build(self):
        """Logs into build/podman/build.log. Images of older trees go: only the newest one is of use."""
        cache = pathlib.Path(os.environ.get("CCACHE_DIR") or ROOT / "build" / "ccache")
        cache.mkdir(parents=True, exist_ok=True)
        old = call("images", "--format={{.Repository}}:{{.Tag}}", "--filter", f"reference={IMAGE}").split()
        log = FOLDER / "build.log"
        with open(log, "w") as out:
            run = subprocess.run(
                alone(podman("build", "--isolation=chroot", "--network=host", "--format=docker", f"--build-arg=BASE={BASE_IMAGE}",
                             f"--volume={cache}:/var/cache/ccache", f"--volume={BASE}/archives:/var/cache/apt/archives",
                             "--file=deploy/container/Dockerfile", f"--tag={self.image}", ".")),
                stdout=out, stderr=subprocess.STDOUT, timeout=1500, cwd=ROOT)
        check(run.returncode == 0, f"the image was not built ({log}):\n" + "\n".join(log.read_text().splitlines()[-20:]))
        if old:
            call("rmi", *old, expect=None)  # by name: the same image under the new one stays

    def inspect(self):
        """What the image says of itself."""
        return json.loads(call("image", "inspect", self.image))[0]

    def base_size(self):
        return json.loads(call("image", "inspect", BASE_IMAGE))[0]["Size"]

    def take_out(self, path, folder):
        """A file of the image, copied into `folder`."""
        made = call("create", self.image).split()[-1]
        call("cp", f"{made}:{path}", folder)
        call("rm", made)
        return pathlib.Path(folder) / pathlib.Path(path).name

    def run(self, *options, **more):
        box = Container(self, options, **more)
        self.ctx.on_exit(box.end)
        return box


def _exists(image):
    return subprocess.run(podman("image", "exists", image), capture_output=True).returncode == 0


class Container:
    """A container in the foreground: its process is podman's, which hands signals on and ends as the program in it ends."""

    def __init__(self, engine, options, arguments=("serve",), volumes=(), log=None):
        self.name = f"ringpost-test-{os.getpid()}-{id(self):x}"
        self.log_path = log or engine.ctx.folder / f"{self.name}.log"
        mounts = [f"--volume={host}:{inside}" for host, inside in volumes]
        with open(self.log_path, "ab") as out:
            self.process = subprocess.Popen(
                alone(podman("run", "--rm", "--no-healthcheck", "--name", self.name, "--network=host", *mounts, *options, engine.image, *arguments)),
                stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=engine.ctx.folder)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait(self, seconds=60):
        """The exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"the container did not end within {seconds} s\n{self.log()}") from None

    def stop(self, seconds=40):
        """SIGTERM, which must be a clean end."""
        self.process.send_signal(signal.SIGTERM)
        code = self.wait(seconds)
        check(code == 0, f"the container ended with {code} after SIGTERM\n{self.log()}")

    def _ask(self, *arguments):
        """podman about this container, in the mount namespace where that was started."""
        enter = ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", *podman(*arguments)]
        run = subprocess.run(enter, capture_output=True, timeout=60)
        return run, (run.stdout + run.stderr).decode(errors="replace")

    def pid(self):
        """Of the program in it, as the host counts."""
        return int(self._ask("inspect", "--format={{.State.Pid}}", self.name)[1])

    def inside(self, *command, expect=0):
        """Runs a command in the container; returns what it said."""
        run, out = self._ask("exec", self.name, *command)
        check(expect is None or run.returncode == expect, f"{' '.join(command)} in the container ended with {run.returncode}: {out}")
        return out

    def wait_for(self, condition, what, seconds=30):
        def probe():
            check(self.process.poll() is None, f"the container ended with {self.process.returncode} before: {what}\n{self.log()}")
            return condition()
        return wait_until(probe, seconds, what)

    def end(self):
        """Whatever became of it, it is gone."""
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(40)
        if self.process.poll() is None:
            call("rm", "--force", "--time=0", self.name, expect=None)
            self.process.kill()
            self.process.wait()


def without_limits(arguments):
    """The runtime: takes the limits out of the container or process it is to start, then becomes crun."""
    files = {"--bundle": lambda path: path / "config.json", "--process": lambda path: path}
    for option, value in zip(arguments, arguments[1:]):
        if option in files:
            file = files[option](pathlib.Path(value))
            told = json.loads(file.read_text())
            told.get("process", told).pop("rlimits", None)
            file.write_text(json.dumps(told))
    crun = shutil.which("crun")
    os.execv(crun, [crun, *arguments])


if __name__ == "__main__":
    without_limits(sys.argv[1:])
