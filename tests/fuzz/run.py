#!/usr/bin/env python3
"""Runs every fuzzer of this folder for some seconds each, from its samples under corpus/NAME.

What a run finds new is kept under build/fuzz-corpus/NAME, not in the tree; an input that crashes is kept under
build/test-logs/fuzz and named. A sample that crashes is a failure even with --seconds 0.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

import lib  # noqa: E402


def fuzz(source, seconds):
    """(verdict, detail) of one fuzzer."""
    name = source.stem.removesuffix("_fuzz")
    build = lib.build_dir("asan")
    program, found, crashes = build / source.stem, build.parent / "fuzz-corpus" / name, build.parent / "test-logs" / "fuzz"
    if not program.exists():
        return "FAIL", f"{program} was not built"
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    samples = [str(folder) for folder in (HERE / "corpus" / name, HERE / "corpus" / source.stem) if folder.is_dir()]
    bound = [f"-max_total_time={seconds}"] if seconds else ["-runs=0"]
    command = [str(program), *bound, "-rss_limit_mb=2048", "-timeout=20", "-print_final_stats=1",
               f"-artifact_prefix={crashes}/{name}-", str(found), *samples]
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds * 2 + 120,
                             env=dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1"), stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "FAIL", f"did not end within {seconds * 2 + 120} s"
    (crashes / f"{name}.log").write_text(run.stderr)
    if run.returncode:
        return "FAIL", f"ended with {run.returncode}; log: {crashes}/{name}.log\n" + "\n".join(run.stderr.splitlines()[-40:])
    executed = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    return "PASS", f"{executed.group(1) if executed else '?'} inputs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--filter", default="", help="only fuzzers whose name contains this")
    options = parser.parse_args()
    sources = [path for path in sorted(HERE.glob("*_fuzz.cc")) if options.filter in path.stem]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for source, (verdict, detail) in zip(sources, pool.map(lambda path: fuzz(path, options.seconds), sources)):
            failed += verdict == "FAIL"
            first, _, rest = detail.partition("\n")
            print(f"{verdict} fuzz.{source.stem.removesuffix('_fuzz')} ({first})", flush=True)
            if rest:
                print("  " + rest.replace("\n", "\n  "), flush=True)
    print(f"{len(sources) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
