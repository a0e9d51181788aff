#!/usr/bin/env python3
"""Checks of the source tree itself: layers, library doors, lengths, headers, replies in one place, documentation.

Each check_ function takes the tree and yields complaints ("file:line: what"); none means PASS.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from package import (check_configuration_page_is_current, check_manual_pages_are_clean,  # noqa: E402,F401
                     check_unit_is_valid_and_hardened)
from tree import (SCRIPT_FOLDERS, SOURCE_FOLDERS, Tree, code_only, comments, compile_alone, folder_of, functions,  # noqa: E402
                  includes, line_of, pkg_config)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120


# --- the checks ------------------------------------------------------------------------------------------------------


def check_layers_include_only_lower_ranks(tree):
    for name, text in tree.product():
        here = folder_of(name)
        if here not in tree.layers:
            yield f"{name}: folder {here} has no rank in tests/tidy/layers.txt"
            continue
        for number, header, quoted in includes(text):
            other = header.split("/")[0]
            if quoted and other not in tree.layers:
                yield f'{name}:{number}: "{header}" is not written from the root'
            elif quoted and other != here and tree.layers[other][0] >= tree.layers[here][0] and not composes(name):
                yield f"{name}:{number}: {here} (rank {tree.layers[here][0]}) includes {other} (rank {tree.layers[other][0]})"


def composes(name):
    """The composition root may name its neighbour of the same rank: main calls the command-line verbs."""
    return name.startswith("src/app/") or name.startswith("bench/micro/")


def check_foreign_libraries_have_one_door(tree):
    doors = {}
    for folder, (_, prefixes) in tree.layers.items():
        for prefix in prefixes:
            doors.setdefault(prefix, set()).add(folder)
    for name, text in tree.product():
        for number, header, quoted in includes(text):
            for prefix, folders in doors.items():
                if not quoted and header.startswith(prefix) and folder_of(name) not in folders:
                    yield f"{name}:{number}: <{header}> belongs to {', '.join(sorted(folders))}"


def check_no_foreign_type_in_a_header_others_include(tree):
    doors = {prefix for _, prefixes in tree.layers.values() for prefix in prefixes}
    included = {}
    for name, text in tree.product():
        for _, header, quoted in includes(text):
            if quoted and header.split("/")[0] != folder_of(name):
                included.setdefault(header, name)
    for name, text in tree.files(".h", under=("src/", "queue/")):
        header = name.removeprefix("src/")
        for number, foreign, quoted in includes(text):
            if not quoted and header in included and any(foreign.startswith(door) for door in doors):
                yield f"{name}:{number}: <{foreign}> reaches {included[header]}"


def check_files_are_short(tree):
    for name, text in tree.cxx() + tree.files(".py", ".sh"):
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{name}: {lines} lines (at most {FILE_LINES_MAX})"


def check_functions_are_short(tree):
    for name, text in tree.product():
        for begin, end, head in functions(code_only(text)):
            if end - begin + 1 > FUNCTION_LINES_MAX:
                yield f"{name}:{begin}: {end - begin + 1} lines (at most {FUNCTION_LINES_MAX}): {head}"


def check_headers_have_pragma_once(tree):
    for name, text in tree.files(".h", under=SOURCE_FOLDERS):
        if text.count("#pragma once") != 1:
            yield f"{name}: #pragma once must stand in it once"


def check_headers_begin_with_a_letter(tree):
    for name, text in tree.files(".h", under=SOURCE_FOLDERS):
        if not re.match(r"//[ ]\S", text):
            yield f"{name}:1: a header begins with a comment to its user"


def check_replies_stand_in_one_place(tree):
    for name, text in tree.files(".h", ".cc", under=("src/server/", "src/smtp/", "src/policy/")):
        if re.match(r"src/smtp/repl(y|ies)\b", name):
            continue
        for match in re.finditer(r'"[2-5]\d\d(?:[ -][^"]*)?"', text):
            if not comment_at(text, match.start()):
                yield f"{name}:{line_of(text, match.start())}: the reply {match.group(0)} belongs into smtp/replies"


def comment_at(text, offset):
    return "//" in text[text.rfind("\n", 0, offset) + 1:offset]


def check_nothing_is_left_to_do(tree):
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    for name, text in tree.text.items():
        for number, line in enumerate(text.splitlines(), 1):
            if words.search(line):
                yield f"{name}:{number}: {line.strip()[:80]}"


def check_no_tabs_and_no_trailing_blanks(tree):
    for name, text in tree.text.items():
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                yield f"{name}:{number}: a tab"
            if line != line.rstrip():
                yield f"{name}:{number}: trailing blanks"
        if text and not text.endswith("\n"):
            yield f"{name}: does not end with a line end"


def check_lines_are_short(tree):
    for name, text in tree.cxx() + tree.files(".sh", under=SCRIPT_FOLDERS):
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > LINE_COLUMNS_MAX and "http" not in line:
                yield f"{name}:{number}: {len(line)} columns (at most {LINE_COLUMNS_MAX})"


def check_no_dates_in_comments(tree):
    date = re.compile(r"\b(19|20)\d\d-[01]\d-[0-3]\d\b|\b[0-3]?\d[./][01]?\d[./](19|20)\d\d\b")
    for name, text in tree.cxx():
        for number, comment in comments(text):
            if date.search(comment):
                yield f"{name}:{number}: {comment.splitlines()[0][:80]}"


def check_no_banners_in_comments(tree):
    for name, text in tree.cxx():
        for number, comment in comments(text):
            if re.search(r"[-=*#~/]{12,}", comment):
                yield f"{name}:{number}: {comment.splitlines()[0][:80]}"


def check_namespaces_follow_folders(tree):
    for name, text in tree.files(".h", under=("src/", "queue/")):
        folder = folder_of(name)
        wanted = "namespace ringpost" if folder == "base" else f"namespace ringpost::{folder}"
        if re.search(r"^(class|struct|enum|template|inline|constexpr|namespace)\b", text, re.M) and wanted not in text:
            yield f"{name}: no {wanted}"


def check_tests_have_names_of_their_own(tree):
    seen = {}
    for name, text in tree.files("_test.cc", under=("tests/unit/",)):
        for match in re.finditer(r"^TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", text, re.M):
            test = (name.split("/")[2], *match.groups())
            if test in seen:
                yield f"{name}:{line_of(text, match.start())}: {match.group(1)}.{match.group(2)} is also in {seen[test]}"
            seen[test] = name
    for name, text in tree.files(".py", under=("tests/scenario/",)):
        names = re.findall(r"^def (test_\w+)", text, re.M)
        yield from (f"{name}: {test} stands twice" for test in sorted(set(names)) if names.count(test) > 1)


def check_unit_tests_can_fail(tree):
    for name, text in tree.files("_test.cc", under=("tests/unit/",)):
        for match in re.finditer(r"^TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", text, re.M):
            body = text[match.end():]
            body = body[:m.start()] if (m := re.search(r"^}", body, re.M)) else body
            if not re.search(r"\b(EXPECT|ASSERT|FAIL|ADD_FAILURE|check|expect|verify|run)\w*", body, re.I):
                yield f"{name}:{line_of(text, match.start())}: nothing in {match.group(2)} can fail"


def check_parsers_have_fuzzers(tree):
    fuzzers = [name for name, _ in tree.files("_fuzz.cc", under=("tests/fuzz/",))]
    for fuzzer in fuzzers:
        corpus = tree.root / "tests/fuzz/corpus" / pathlib.Path(fuzzer).stem.removesuffix("_fuzz")
        if not (corpus.is_dir() and any(corpus.iterdir())):
            yield f"{fuzzer}: no sample in {corpus.relative_to(tree.root)}"
    if not fuzzers:
        yield "tests/fuzz: no fuzzer at all"


def check_every_configuration_key_is_documented(tree):
    book = tree.text.get("docs/configuration.md", "")
    keys = configuration_keys(tree)
    if not keys:
        yield "src/config: no key found"
    for key, where in sorted(keys.items()):
        if not re.search(rf"[`\s.\"\[]{re.escape(key)}[`\s=\]]", book):
            yield f"{where}: key {key} is not in docs/configuration.md"


def configuration_keys(tree):
    """{key: file:line}: each key is a row of a table in src/config."""
    keys = {}
    for name, text in tree.files(".cc", ".h", under=("src/config/",)):
        pattern = r'\brow(?:<.*?>)?\(\s*"([a-z][a-z0-9_.]*)"'
        for match in re.finditer(pattern, text):
            keys.setdefault(match.group(1), f"{name}:{line_of(text, match.start())}")
    return keys


def check_every_log_event_is_documented(tree):
    yield from undocumented(tree, "src/telemetry/events.h", r'^\s*\{"([a-z_]+)",', ("docs/log.md", "docs/operations.md"))


def check_every_metric_is_documented(tree):
    book = tree.text.get("docs/operations.md", "") + tree.text.get("docs/metrics.md", "")
    block = re.search(r"struct (?:alignas\(\d+\) )?Counters \{(.*?)\n\};", tree.text.get("src/telemetry/metrics.h", ""), re.S)
    names = re.findall(r"^\s*[A-Z]\w*(?:<.*>)? (\w+);", block.group(1), re.M) if block else []
    if not names:
        yield "src/telemetry/metrics.h: no metric found"
    for name, text in tree.files(".cc", under=("src/", "queue/")):
        names += re.findall(r'\bgauge\(\s*"([a-z_]+)"', text)
    for metric in sorted(set(names) - set(re.findall(r"`ringpost_(\w+)", book))):
        yield f"ringpost_{metric} is not in docs/operations.md"
    for metric in sorted(set(re.findall(r"^\| `ringpost_(\w+)", book, re.M)) - set(names)):
        yield f"docs/operations.md: there is no ringpost_{metric}"


def undocumented(tree, source, pattern, books):
    book = "".join(tree.text.get(name, "") for name in books)
    names = re.findall(pattern, tree.text.get(source, ""), re.M)
    if not names:
        yield f"{source}: nothing found"
    for name in names:
        if not re.search(rf"`{name}`", book):
            yield f"{source}: `{name}` is not in {' or '.join(books)}"


def check_documents_point_at_what_exists(tree):
    for name, text in tree.files(".md"):
        for match in re.finditer(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
            if not (tree.root / name).parent.joinpath(match.group(1)).exists():
                yield f"{name}:{line_of(text, match.start())}: {match.group(1)} does not exist"


def check_scripts_are_strict_and_executable(tree):
    for name, text in tree.files(".sh") + tree.files("run", under=(".ci/",)):
        if "set -euo pipefail" not in text:
            yield f"{name}: no set -euo pipefail"
        if not os.access(tree.root / name, os.X_OK):
            yield f"{name}: not executable"
        check = subprocess.run(["bash", "-n", str(tree.root / name)], capture_output=True, text=True)
        if check.returncode:
            yield f"{name}: {check.stderr.strip()}"


def leads_its_source(tree, header):
    first = next(includes(tree.text.get(header.removesuffix(".h") + ".cc", "")), None)
    return first is not None and first[1:] == (header.removeprefix("src/"), True)


def check_headers_compile_alone(tree):
    """One compiler run a header, two at a time; what passed is remembered by the hash of all it includes. Not those that
    their own source includes before anything else: building it is the same proof."""
    cache = tree.root / "build" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CXX", "g++")
    flags = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-msse4.2" if os.uname().machine == "x86_64" else "-Wall",
             "-I", str(tree.root / "src"), "-I", str(tree.root), *pkg_config("liburing", "rocksdb", "libsystemd")]
    headers = [name for name, _ in tree.files(".h", under=("src/", "queue/", "bench/")) if not leads_its_source(tree, name)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for complaint in pool.map(lambda name: compile_alone(tree, name, compiler, flags, cache), headers):
            if complaint:
                yield complaint


# --- running them ----------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="", help="only checks whose name contains this")
    options = parser.parse_args()
    tree = Tree(ROOT)
    checks = [(name.removeprefix("check_"), value) for name, value in globals().items()
              if name.startswith("check_") and options.filter in name]
    failed = 0
    for name, check in checks:
        begin = time.monotonic()
        complaints = list(check(tree) or ())
        failed += bool(complaints)
        print(f"{'FAIL' if complaints else 'PASS'} tidy.{name} ({time.monotonic() - begin:.1f} s)", flush=True)
        for complaint in complaints:
            print(f"  {complaint}", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
