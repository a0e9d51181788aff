"""The manual pages name every verb and option that --help names, and no verb that is not there."""

import re

from lib import binary, check, check_equal
from support.base import ROOT

PRESETS = ["release"]


def help_of(ctx, program, *verbs):
    """(verbs, options) that `program VERBS --help` lists."""
    text = ctx.run(binary(ctx.preset, program), *verbs, "--help")
    options = set(re.findall(r"^ +(?:-\w,)?(--[a-z][\w-]*)|,(--[a-z][\w-]*)", text, re.M))
    below = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    return re.findall(r"^  ([a-z][\w-]*)", below.group(1), re.M) if below else [], {a or b for a, b in options}


def page(name):
    """(verbs by section, options) of a manual page; mdoc writes --json as `Fl -json`."""
    text = (ROOT / "deploy/man" / name).read_text()
    sections = {title: re.findall(r"^\.It Cm ([a-z][\w-]*)", body, re.M)
                for title, body in re.findall(r"^\.Ss ([^\n]*)\n(.*?)(?=^\.S[sh] |\Z)", text, re.M | re.S)}
    return sections, {f"-{option}" for option in re.findall(r"(?:Fl|,) (-[a-z][\w-]*)", text)} | {"--config", "--help"}


def test_manual_page_of_the_server(ctx):
    sections, options = page("ringpost.8")
    verbs, seen = help_of(ctx, "ringpost")
    check_equal(sorted(sections["Verbs"]), sorted(verbs), "verbs of ringpost(8)")
    for verb in verbs:
        below, more = help_of(ctx, "ringpost", verb)
        seen |= more
        if below:
            title = {"queue": "Verbs of the queue", "user": "Verbs of accounts"}.get(verb, f"Verbs of {verb}")
            check_equal(sorted(sections.get(title, [])), sorted(below), f"verbs of `ringpost {verb}`")
            for one in below:
                seen |= help_of(ctx, "ringpost", verb, one)[1]
    check(len(seen) > 20, f"options found: {seen}")
    check_equal(sorted(seen - options), [], "options that ringpost(8) does not name")


def test_manual_page_of_the_load_generator(ctx):
    _, options = page("ringpost-bench.1")
    verbs, _ = help_of(ctx, "ringpost-bench")
    check_equal(sorted(verbs), ["load", "sink"], "verbs of ringpost-bench")
    seen = help_of(ctx, "ringpost-bench", "load")[1] | help_of(ctx, "ringpost-bench", "sink")[1]
    check(len(seen) > 30, f"options found: {seen}")
    check_equal(sorted(seen - options), [], "options that ringpost-bench(1) does not name")
