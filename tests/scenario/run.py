#!/usr/bin/env python3
"""Runs the scenarios: every test_ function of every story beside this file, each with its own folder and processes.

A story is a Python file whose test_ functions take a lib.Context. PASS or FAIL, the name and the time stand on a line
each; what a failing story left behind (configuration, log, spool) is kept and named. A story that is about a foreign
program rather than about memory and threads may say PRESETS = ["release"], and is then told of that build alone.
"""

import argparse
import importlib.util
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
sys.dont_write_bytecode = True

import lib  # noqa: E402


def stories(pattern, preset):
    """(name, function) of every test of this build, in the order of files and lines."""
    found = []
    for path in sorted(HERE.glob("*.py")):
        if path.name == "run.py" or path.name.startswith("_"):
            continue
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if preset not in getattr(module, "PRESETS", [preset]):
            continue
        for name, value in vars(module).items():
            if name.startswith("test_") and callable(value) and pattern in f"{path.stem}.{name[5:]}":
                found.append((f"{path.stem}.{name[5:]}", value))
    return found


SANITIZER = "complaint of a sanitizer"  # what lib.Server says of its log


def tell(name, function, preset):
    """Runs one story; returns None or the reason it failed."""
    context = lib.Context(preset, name)
    reason = None
    for step in (lambda: function(context), context.close):
        try:
            step()
        except (lib.Failure, lib.Skip) as failure:
            reason = reason or str(failure)
        except lib.NotPermitted:
            context.close()
            context.forget()
            raise
        except Exception:
            reason = reason or traceback.format_exc()
    if reason is None:
        context.forget()
    else:
        reason += f"\nkept: {context.folder}"
    return reason


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="release")
    parser.add_argument("--filter", default="", help="only stories whose file.name contains this")
    options = parser.parse_args()
    lib.raise_file_limit()
    passed = failed = 0
    for name, function in stories(options.filter, options.preset):
        begin = time.monotonic()
        try:
            reason = tell(name, function, options.preset)
        except lib.NotPermitted as what:
            print(f"SKIP scenario.{options.preset}.{name} (not permitted here: {what})", flush=True)
            continue
        if reason and SANITIZER not in reason:
            # Told once more: what then passes depends on the time the machine gave it, and is named.
            print(f"FLAKY scenario.{options.preset}.{name}\n  " + reason.rstrip().replace("\n", "\n  "), flush=True)
            reason = tell(name, function, options.preset)
        print(f"{'FAIL' if reason else 'PASS'} scenario.{options.preset}.{name} ({time.monotonic() - begin:.1f} s)", flush=True)
        if reason:
            print("  " + reason.rstrip().replace("\n", "\n  "), flush=True)
        failed += bool(reason)
        passed += not reason
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
