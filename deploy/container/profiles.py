#!/usr/bin/env python3
"""Writes the two seccomp profiles from the container engine's default (package golang-github-containers-common):

  deploy/container/seccomp.json    for docker and podman: the default as it is, and the three calls of io_uring
  deploy/kubernetes/seccomp.json   the same for a kubelet: containerd reads the form of the OCI runtime specification,
                                   which knows no conditions, so they are decided for a process without capabilities

  deploy/container/profiles.py [FOLDER]     FOLDER instead of deploy/; tests compare what is written with what is shipped
"""

import json
import pathlib
import subprocess
import sys

DEFAULT = pathlib.Path("/usr/share/containers/seccomp.json")
PACKAGE = "golang-github-containers-common"
IO_URING = ["io_uring_setup", "io_uring_enter", "io_uring_register"]
ARCHITECTURES = {"amd64", "arm64"}  # what the image is built for
ARCHITECTURES_SECCOMP = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]


def version():
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", PACKAGE], capture_output=True, text=True, check=True).stdout


def for_engines(default, package_version):
    ours = {"names": IO_URING, "action": "SCMP_ACT_ALLOW", "args": [],
            "comment": f"ringpost: io_uring, beside the default of {PACKAGE} {package_version}",
            "includes": {}, "excludes": {}}
    return default | {"syscalls": [*default["syscalls"], ours]}


def applies(rule):
    """Whether a rule holds on our architectures for a process that has no capability."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("caps") or ARCHITECTURES & set(excludes.get("arches") or []):
        return False
    return not includes.get("arches") or bool(ARCHITECTURES & set(includes["arches"]))


def for_kubelets(profile):
    """The same rules without conditions, in the words of the OCI runtime specification. Of a call that is both allowed and
    refused to whom lacks a capability, the refusal stays."""
    rules, in_force = [], [rule for rule in profile["syscalls"] if applies(rule)]
    refused = {name for rule in in_force if rule["action"] == "SCMP_ACT_ERRNO" and not rule.get("args") for name in rule["names"]}
    for rule in in_force:
        allows = rule["action"] == "SCMP_ACT_ALLOW"
        plain = {"names": [n for n in rule["names"] if not (allows and n in refused)], "action": rule["action"]}
        if "errnoRet" in rule:
            plain["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            plain["args"] = [{key: argument[key] for key in ("index", "value", "valueTwo", "op")} for argument in rule["args"]]
        rules.append(plain)
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": ARCHITECTURES_SECCOMP, "syscalls": rules}


def write(folder):
    profile = for_engines(json.loads(DEFAULT.read_text()), version())
    for name, value in (("container", profile), ("kubernetes", for_kubelets(profile))):
        path = folder / name / "seccomp.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
