"""After its start the server has given up what it does not need: the kernel says so, and what was not granted fails."""

import json
import os
import pathlib
import pwd
import sys

from lib import NotPermitted, check, check_equal, wait_until

NET_BIND_SERVICE = 1 << 10
DAC_OVERRIDE = 1 << 1


def status(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    raise NotPermitted(f"/proc/PID/status has no {name}")


def offered(server):
    """The words of the line `hardening:` of version --features."""
    lines = server.cli("version", "--features").splitlines()
    line = next((line for line in lines if line.startswith("hardening: ")), "")
    check(line.startswith("hardening: no_new_privs capabilities"), f"version --features says {lines}")
    return line.removeprefix("hardening: ")


def need(server, *words):
    for word in words:
        if word not in offered(server):
            raise NotPermitted(f"this kernel has no {word}")


def threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def test_the_kernel_holds_every_thread_to_it(ctx):
    server = ctx.server()
    need(server, "seccomp", "io_uring-restrictions")
    said = server.events("start")[0]["hardening"]
    for word in ("no_new_privs", "capabilities(", "seccomp", "io_uring-restrictions"):
        check(word in said, f"the start event says {said!r}")
    check_equal("landlock" in said, "landlock" in offered(server), "landlock in the start event")
    server.send("someone@example.test")
    server.wait_mail("someone")
    first = min(int(status(thread, "Seccomp_filters")) for thread in threads(server.pid))
    check_equal({int(status(thread, "Seccomp_filters")) for thread in threads(server.pid)}, {first}, "filters of the threads")
    kept = NET_BIND_SERVICE | (DAC_OVERRIDE if os.geteuid() == 0 else 0)
    for thread in threads(server.pid):
        check_equal(status(thread, "NoNewPrivs"), "1", f"no_new_privs of thread {thread}")
        check_equal(status(thread, "Seccomp"), "2", f"seccomp of thread {thread}")
        filters = int(status(thread, "Seccomp_filters")) - int(status("self", "Seccomp_filters"))
        check(filters >= 2, f"thread {thread} has {filters} filters: the last, of new rings, is not on it")
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            check(int(status(thread, name), 16) & ~kept == 0, f"{name} of thread {thread}: {status(thread, name)}")
    if os.geteuid() == 0:
        check_equal(int(status(server.pid, "CapBnd"), 16), kept, "the bounding set")


def test_a_maildir_outside_of_what_was_granted_gets_nothing(ctx):
    """The same path by a link that appeared after the start: only the kernel can refuse it."""
    server = ctx.server()
    need(server, "landlock")
    outside = ctx.folder / "outside"
    outside.mkdir()
    server.send("inside@example.test")
    server.wait_mail("inside")
    (server.folder / "mail" / "example.test" / "lured").symlink_to(outside)
    server.send("lured@example.test")
    deferred = server.wait_event("defer", to="lured@example.test")
    check("Permission denied" in json.dumps(deferred) or "EACCES" in json.dumps(deferred), f"{deferred}")
    check_equal(list(outside.iterdir()), [], "what lies outside")


def test_switched_off_the_same_link_is_followed(ctx):
    """What shows that the story before is about the confinement."""
    server = ctx.server({"security": {"sandbox": "off"}})
    check_equal(status(server.pid, "Seccomp_filters"), status("self", "Seccomp_filters"), "filters of a server without one")
    outside = ctx.folder / "outside"
    outside.mkdir()
    (server.folder / "mail" / "example.test").mkdir(parents=True)
    (server.folder / "mail" / "example.test" / "lured").symlink_to(outside)
    server.send("lured@example.test")
    wait_until(lambda: list(outside.glob("new/*")), 10 * ctx.patience, "mail outside")


def test_a_user_of_its_own_keeps_one_capability(ctx):
    if os.geteuid() != 0:
        raise NotPermitted("only root becomes somebody")
    user = pwd.getpwnam("nobody")
    server = ctx.server({"user": "nobody"}, start=False)
    ctx.folder.chmod(0o755)
    for name in ("data", "mail"):
        (server.folder / name).mkdir()
        os.chown(server.folder / name, user.pw_uid, user.pw_gid)
    server.start()
    check_equal(status(server.pid, "Uid"), str(user.pw_uid), "the user of the server")
    for name in ("CapEff", "CapPrm", "CapBnd"):
        check_equal(int(status(server.pid, name), 16), NET_BIND_SERVICE, name)
    server.send("someone@example.test")
    server.wait_mail("someone")


def test_logged_only_it_works_and_says_so(ctx):
    server = ctx.server({"security": {"sandbox": "log"}})
    need(server, "seccomp")
    check("seccomp(log)" in server.events("start")[0]["hardening"], str(server.events("start")[0]))
    server.send("someone@example.test")
    server.wait_mail("someone")


WITHOUT = """
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
allow, no_such_call = 0x7fff0000, 0x00050000 | 38
made = ctypes.c_void_p(library.seccomp_init(allow))
for name in sys.argv[1].split(","):
    library.seccomp_rule_add(made, no_such_call, library.seccomp_syscall_resolve_name(name.encode()), 0)
assert library.seccomp_load(made) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"""


def test_a_kernel_that_has_none_of_it_is_told_and_no_error(ctx):
    server = ctx.server(wrapper=[sys.executable, "-c", WITHOUT, "landlock_create_ruleset,seccomp"])
    said = server.events("start")[0]["hardening"]
    check("landlock" not in said and "seccomp" not in said and "no_new_privs" in said, f"the start event says {said!r}")
    reasons = [event["reason"] for event in server.events("warning") if event.get("operation") == "hardening"]
    check(any("no Landlock" in reason for reason in reasons), f"{reasons}")
    check(any("system calls" in reason for reason in reasons), f"{reasons}")
    server.send("someone@example.test")
    server.wait_mail("someone")
