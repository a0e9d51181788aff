#!/usr/bin/env python3
"""A clean Debian root to install into, as the stories of the package and of the container image need one.

    with System(folder) as debian:
        debian.install(["./ringpost_0.1.0_amd64.deb"])
        debian.run("ringpost", "version")

The base is made once by debootstrap, from the mirror and the release of this machine's own apt, and kept as
build/base/RELEASE.tar with its package lists; packages that were fetched later are kept in build/base/archives. Run as a
program it makes the base and prints its path. Each command in the root has a mount namespace of its own, so that nothing
stays mounted however it ends. Needs root and unshare(2); without them, or without a mirror, a story is skipped.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support.base import ROOT, Failure, NotPermitted, check  # noqa: E402

BASE = ROOT / "build" / "base"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# In a namespace of its own: the root's /proc and /dev, and fetched packages; then what follows runs there.
ENTER = ('mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --bind "$1" "$0/var/cache/apt/archives" && '
         'root=$0 && shift && exec chroot "$root" "$@"')


def release():
    """The code name of the running Debian, "bookworm"."""
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise NotPermitted("/etc/os-release names no release")


def sources():
    """The (URI, suite) pairs of Debian's own archive in this machine's apt configuration, both formats."""
    found = []
    for path in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]:
        text = path.read_text(errors="replace") if path.is_file() else ""
        if path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", text):
                fields = dict(re.findall(r"^(\w[\w-]*):[ ]*(.*)$", stanza, re.M))
                if "deb" in fields.get("Types", "").split():
                    found += [(uri, suite) for uri in fields.get("URIs", "").split() for suite in fields.get("Suites", "").split()]
        else:
            found += re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", text, re.M)
    return [(uri, suite) for uri, suite in found if "debian" in uri and suite.split("-")[0] == release()]


def apt_options():
    """How this machine's apt fetches: proxies, and what it makes of a mirror's dates."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(line + "\n" for line in dump.splitlines()
                   if re.match(r"Acquire::(https?::Proxy|Check-Valid-Until|Check-Date)\b.*\"[^\"]+\"", line))


def base_tar():
    """The path of the base's tar file, made where it is missing; whoever comes meanwhile waits. Raises NotPermitted."""
    tar = BASE / f"{release()}.tar"
    BASE.mkdir(parents=True, exist_ok=True)
    (BASE / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    with open(BASE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            work = BASE / "work"
            shutil.rmtree(work, ignore_errors=True)
            try:
                _make(work)
                subprocess.run(["tar", "--numeric-owner", "-C", str(work), "-cf", f"{tar}.new", "."], check=True)
                os.replace(f"{tar}.new", tar)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return tar


def _make(work):
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        raise NotPermitted("entering a root of its own (needs root and unshare)")
    if not shutil.which("debootstrap"):
        raise Failure("debootstrap is not installed (deploy/setup.sh --tests)")
    archive = sources()
    mirror = next((uri for uri, suite in archive if suite == release()), "http://deb.debian.org/debian")
    log = BASE / "debootstrap.log"
    with open(log, "w") as out:
        made = subprocess.run(["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", f"--cache-dir={BASE}/archives",
                               release(), str(work), mirror], stdout=out, stderr=subprocess.STDOUT, timeout=600)
    if made.returncode:
        raise NotPermitted(f"a base from {mirror} ({log} says why)")
    apt = work / "etc/apt"
    (apt / "sources.list").write_text("".join(f"deb {uri} {suite} main\n" for uri, suite in archive) or
                                      f"deb {mirror} {release()} main\n")
    (apt / "apt.conf.d/90test").write_text(
        apt_options() + 'Acquire::Languages "none";\nAcquire::GzipIndexes "true";\nAPT::Install-Recommends "false";\n'
        'APT::Sandbox::User "root";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n')
    _enter(work, "apt-get", "-q", "update")


def command_in(root, *command):
    """The command line that runs `command` in `root`, with mounts that end with it."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, str(root), f"{BASE}/archives",
            *[str(part) for part in command]]


def _enter(root, *command, expect=0, timeout=300, stdin=None):
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                   "HOME": "/root"}
    run = subprocess.run(command_in(root, *command), input=stdin, capture_output=True, timeout=timeout, env=environment)
    out = (run.stdout + run.stderr).decode(errors="replace")
    check(expect is None or run.returncode == expect, f"{' '.join(map(str, command))} ended with {run.returncode}:\n{out}")
    return out


class System:
    """A root unpacked from the base into `folder`; it goes with its folder, and nothing in it outlives its commands."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "--numeric-owner", "-C", str(self.root), "-xpf", str(base_tar())], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def run(self, *command, expect=0, timeout=300, stdin=None):
        """Runs a program in the root to its end; returns what it said on both streams. A Failure when it ends otherwise."""
        return _enter(self.root, *command, expect=expect, timeout=timeout, stdin=stdin)

    def install(self, packages):
        """apt-get install, of names or of files in the root; lists older than the mirror are read again."""
        command = ["apt-get", "-q", "-y", "install", *packages]
        try:
            return self.run(*command)
        except Failure:
            self.run("apt-get", "-q", "update")
            return self.run(*command)


if __name__ == "__main__":
    print(base_tar())
