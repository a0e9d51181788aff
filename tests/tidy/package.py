"""Checks of what the package brings beside the programs: manual pages, units."""

import importlib.util
import os
import re
import subprocess
import tempfile

EXPOSURE_MAX = 19  # systemd-analyze security, in tenths of its score; 10.0 is no protection


def check_configuration_page_is_current(tree):
    path = tree.root / "deploy/man/configuration_page.py"
    spec = importlib.util.spec_from_file_location("configuration_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if tree.text["deploy/man/ringpost.toml.5"] != module.page(tree.text["docs/configuration.md"]):
        yield "deploy/man/ringpost.toml.5: run deploy/man/configuration_page.py > deploy/man/ringpost.toml.5"
    for key in re.findall(r"^\| `([a-z_.]+)`", tree.text["docs/configuration.md"], re.M):
        if f".It Ic {key}\n" not in tree.text["deploy/man/ringpost.toml.5"]:
            yield f"deploy/man/ringpost.toml.5: no {key}"


def check_manual_pages_are_clean(tree):
    environment = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80")
    for name, _ in tree.files(".1", ".5", ".8", under=("deploy/man/",)):
        for command in (["mandoc", "-Tlint", "-W", "warning"], ["man", "--warnings", "-E", "UTF-8", "-l"]):
            run = subprocess.run([*command, str(tree.root / name)], capture_output=True, text=True, env=environment)
            said = run.stderr + (run.stdout if command[0] == "mandoc" else "")
            yield from (f"{name}: {line}" for line in said.splitlines() if "mandoc.db" not in line)


def check_unit_is_valid_and_hardened(tree):
    """As systemd-analyze sees it, with programs that exist on any machine in place of ours and without its manual."""
    with tempfile.TemporaryDirectory() as folder:
        units = []
        for name, text in tree.files(".service", ".socket", under=("deploy/systemd/",)):
            text = re.sub(r"=/usr/bin/ringpost\b", "=/bin/true", re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
            units.append(os.path.join(folder, os.path.basename(name)))
            with open(units[-1], "w") as file:
                file.write(text)
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
        # Units of the machine itself are read too, and are not ours to judge.
        yield from (line for line in run.stderr.splitlines() if "ringpost" in line)
        service = next(unit for unit in units if unit.endswith(".service"))
        run = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}", service],
                             capture_output=True, text=True)
        if run.returncode:
            yield f"deploy/systemd/ringpost.service: {(run.stdout + run.stderr).strip().splitlines()[-1]}"
