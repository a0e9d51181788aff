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


def keys(table):
    yield ".Bl -tag -width Ds"
    for row in table[2:]:
        key, kind, standard, meaning = cells(row)
        yield f".It Ic {escape(key.strip('`'))}"
        yield from lines(meaning[0].upper() + meaning[1:] + ("" if meaning.endswith(".") else "."))
        yield ".br"
        known = "Required." if standard == "required" else f"Default: {standard}."
        yield from lines(f"{kind[0].upper() + kind[1:]}. {known}")
    yield ".El"


def blocks(text):
    """Paragraphs, tables of keys, lists and examples of a piece of Markdown, each as mdoc."""
    for code, other in re.findall(r"```\w*\n(.*?)```|((?:(?!```).)+)", text, re.S):
        if code:
            yield [".Bd -literal -offset indent", *("\\&" + escape(line) if line else "" for line in code.splitlines()), ".Ed"]
        for part in re.split(r"\n\n+", other.strip()):
            if part.startswith("|"):
                yield [*keys(part.splitlines())]
            elif part.startswith("- "):
                points = re.split(r"^- ", part, flags=re.M)[1:]
                yield [".Bl -bullet", *(line for point in points for line in (".It", *lines(" ".join(point.split())))), ".El"]
            elif part:
                yield [".Pp", *lines(" ".join(part.split()))]


def prose(text):
    """The blocks in a row; the paragraph that follows a heading needs no mark."""
    made = [line for block in blocks(text) for line in block]
    return made[1:] if made[:1] == [".Pp"] else made


def page(document):
    """The manual page, of the text of docs/configuration.md."""
    begin, *sections = re.split(r"^## ", document, flags=re.M)
    made = prose(begin.partition("\n")[2]) + [".Sh KEYS"]
    for one in sections:
        title, _, body = one.partition("\n")
        made += [f".Ss {escape(title)}", *prose(body)]
    return HEAD + "\n".join(made) + "\n" + TAIL


if __name__ == "__main__":
    sys.stdout.write(page((ROOT / "docs/configuration.md").read_text()))
