"""Brings the peers' programs onto a Debian machine without starting or enabling anything.

Postfix is installed as a package (it needs its users and its set-gid programs). Exim and OpenSMTPD conflict with it as
packages, so their .deb files are only unpacked, into a cache folder, and run from there.
"""
import os
import pathlib
import shutil
import subprocess

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")


class Unavailable(Exception):
    """This peer cannot run here; the text says why."""


def _run(*command, **options):
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stderr.strip()[-300:] or done.returncode}")
    return done.stdout


def _apt_install(packages):
    """Installs with a policy-rc.d that forbids every start; ours is removed afterwards, one that was there stays."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        command = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300",
                   *packages)
        try:
            _run(*command)
        except Unavailable:
            _run("apt-get", "update", "-q")
            _run(*command)
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def packages(*names):
    """Installs those of `names` that are missing."""
    missing = [n for n in names if subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", n], capture_output=True, text=True).stdout != "installed"]
    if not missing:
        return
    if os.geteuid() != 0:
        raise Unavailable(f"not installed: {' '.join(missing)} (run as root to install)")
    if "postfix" in missing:
        _run("debconf-set-selections", input="postfix postfix/main_mailer_type select No configuration\n")
    _apt_install(missing)


def unpacked(cache, *names):
    """Downloads and unpacks packages below cache/NAME; the folder of the first. Libraries must come from `packages`."""
    root = pathlib.Path(cache).resolve() / names[0]
    if (root / ".complete").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    downloads = root / "debs"
    downloads.mkdir(parents=True)
    try:
        _run("apt-get", "download", *names, cwd=downloads)
    except Unavailable:
        _run("apt-get", "update", "-q")
        _run("apt-get", "download", *names, cwd=downloads)
    for package in downloads.glob("*.deb"):
        _run("dpkg-deb", "-x", str(package), str(root))
    (root / ".complete").touch()
    return root


def system_user(name, home="/nonexistent"):
    """A system user with a group of its own, as the package's own scripts would make it."""
    if subprocess.run(["getent", "passwd", name], capture_output=True).returncode == 0:
        return
    if subprocess.run(["getent", "group", name], capture_output=True).returncode != 0:
        _run("groupadd", "--system", name)
    _run("useradd", "--system", "--no-create-home", "--home-dir", home, "--shell", "/usr/sbin/nologin", "-g", name, name)
