#!/usr/bin/env python3
"""Runs the GoogleTest program of every folder beside this file, two at a time, and tells each case by PASS or FAIL.

A program that ends between two cases, or dies in one, fails by name; so does a folder whose program was not built.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

import lib  # noqa: E402

PROGRAM_SECONDS_MAX = 240
ONE_THREAD = {"cli", "config", "crypto", "mail", "sandbox", "smtp"}  # nothing in them meets another thread: the thread sanitizer is not asked
BEGIN = re.compile(r"^\[ RUN      \] (\S+)")
END = re.compile(r"^\[( {7}OK|  FAILED |  SKIPPED) \] (\S+?),?(?: \((\d+) ms\))?$")


def modules(preset):
    """The names of the folders whose tests are of interest in this build."""
    found = sorted(folder.name for folder in HERE.iterdir() if folder.is_dir() and any(folder.glob("*_test.cc")))
    return [name for name in found if preset != "tsan" or name not in ONE_THREAD]


def run(module, preset, pattern):
    """[(verdict, case, detail)] of one program. A case that failed an expectation is told once more, alone: one that then
    passes depends on the time the machine gave it, and is told as FLAKY beside its PASS. What died, or what a sanitizer
    complained of, is not asked twice."""
    cases = run_program(module, preset, f"*{pattern}*" if pattern else "")
    if any("inside this case" in detail or case == "program_ends_clean" for _, case, detail in cases):
        return cases
    told = []
    for verdict, case, detail in cases:
        if verdict == "FAIL" and case != "is_built":
            again = run_program(module, preset, case)
            if [one[0] for one in again] == ["PASS"]:
                told.append(("FLAKY", case, detail))
                verdict, detail = "PASS", ""
        told.append((verdict, case, detail))
    return told


def run_program(module, preset, pattern):
    """[(verdict, case, detail)] of the cases that match; all without a pattern."""
    try:
        program = lib.binary(preset, f"unit_{module}")
    except lib.Failure as failure:
        return [("FAIL", "is_built", str(failure))]
    arguments = [f"--gtest_filter={pattern}"] if pattern else []
    try:
        done = subprocess.run([*lib.sanitizer_wrapper(preset), str(program), "--gtest_color=no", *arguments], cwd=lib.ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              env=lib.sanitizer_environment(preset), timeout=PROGRAM_SECONDS_MAX * lib.patience(preset))
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = late.stdout or b"", "a timeout"
    return verdicts(output.decode(errors="replace"), code)


def verdicts(output, code):
    found, running, begin = [], None, 0
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if match := BEGIN.match(line):
            running, begin = match.group(1), number
        elif running and (match := END.match(line)) and match.group(2) == running:
            verdict = {"OK": "PASS", "FAILED": "FAIL", "SKIPPED": "SKIP"}[match.group(1).strip()]
            detail = "" if verdict == "PASS" else "\n".join(lines[begin + 1:number][:60])
            found.append((verdict, running, detail))
            running = None
    if running:
        found.append(("FAIL", running, f"ended with {code} inside this case\n" + "\n".join(lines[begin:][:80])))
    elif code != 0 and not any(verdict == "FAIL" for verdict, _, _ in found):
        found.append(("FAIL", "program_ends_clean", f"ended with {code}\n" + "\n".join(lines[-40:])))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="release")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the programs instead of running them")
    options = parser.parse_args()
    chosen = modules(options.preset)
    if options.list:
        print(*(f"unit_{module}" for module in chosen))
        return 0
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0, "FLAKY": 0}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda module: run(module, options.preset, options.filter), chosen)
        for module, cases in zip(chosen, results):
            for verdict, case, detail in cases:
                counts[verdict] += 1
                print(f"{verdict} unit.{options.preset}.{module}.{case}", flush=True)
                if detail:
                    print("  " + detail.replace("\n", "\n  "), flush=True)
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed", flush=True)
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
