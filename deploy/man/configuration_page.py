#!/usr/bin/env python3
"""Makes deploy/man/ringpost.toml.5 from docs/configuration.md, which the program's own table of keys is printed into.

    deploy/man/configuration_page.py > deploy/man/ringpost.toml.5

tests/tidy checks that the page is current, as unit_config does for the document.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

HEAD = r""".\" Made by deploy/man/configuration_page.py from docs/configuration.md.
.Dd November 25, 2026
.Dt RINGPOST.TOML 5
.Os
.Sh NAME
.Nm ringpost.toml
.Nd configuration of the ringpost mail transfer agent
.Sh DESCRIPTION
"""

TAIL = r""".Sh FILES
.Bl -tag -width Ds
.It Pa /etc/ringpost/ringpost.toml
unless
.Fl c
names another
.It Pa /usr/share/doc/ringpost/docs
the documentation, with pages on accounts, senders, delivery and operation
.El
.Sh SEE ALSO
.Xr ringpost 8
"""


def escape(text):
    """Text as roff wants it; `code` in bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)


def lines(text):
    """A sentence a line, as mdoc(7) asks; none begins with a control character."""
    for sentence in re.split(r"(?<=[.:;?]) (?=[A-Z`])", text):
        for line in textwrap.wrap(escape(sentence), 78, break_long_words=False, break_on_hyphens=False):
            yield ("\\&" if line.startswith((".", "\\(aq")) else "") + line


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip())[1:-1]]


def section(title, body):
    yield f".Ss {escape(title)}"
    table = [line for line in body if line.startswith("|")]
    yield from lines(" ".join(line for line in body if line and not line.startswith("|")))
    yield ".Bl -tag -width Ds"
    for row in table[2:]:
        key, kind, standard, meaning = cells(row)
        yield f".It Ic {escape(key.strip('`'))}"
        yield from lines(meaning[0].upper() + meaning[1:] + ("" if meaning.endswith(".") else "."))
        yield ".br"
        known = "Required." if standard == "required" else f"Default: {standard}."
        yield from lines(f"{kind[0].upper() + kind[1:]}. {known}")
    yield ".El"


def introduction(text):
    for part in re.split(r"\n\n", text.strip()):
        if part.startswith("```"):
            yield ".Bd -literal -offset indent"
            yield from ("\\&" + escape(line) if line.strip() else "" for line in part.splitlines()[1:] if line != "```")
            yield ".Ed"
        else:
            yield ".Pp"
            yield from lines(part.replace("\n", " "))


def page(document):
    """The manual page, of the text of docs/configuration.md."""
    begin, *sections = re.split(r"^## ", document, flags=re.M)
    code = re.search(r"```.*?```", begin, re.S)
    inside = code.group(0).replace("\n\n", "\n \n")  # a blank line does not end the example
    made = [*introduction(begin.partition("\n")[2].replace(code.group(0), inside))]
    made = made[1:] if made[0] == ".Pp" else made
    keys = []
    for one in sections:
        title, *body = one.splitlines()
        keys += section(title, body)
    return HEAD + "\n".join([*made, ".Sh KEYS", *keys]) + "\n" + TAIL


if __name__ == "__main__":
    sys.stdout.write(page((ROOT / "docs/configuration.md").read_text()))
