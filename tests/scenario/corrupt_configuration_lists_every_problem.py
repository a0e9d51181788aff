"""A broken configuration is refused as a whole, with every problem in it, each with its place; nothing is started."""

from lib import check, check_equal

BROKEN = """\
data_dir = "relative/path"
workers = "two"
hostnam = "mx.example.test"

[[listener]]
address = "127.0.0.1:0"
role = "mailer"

[queue]
durability = "perhaps"
retry = { first = "5 minutes" }

[limits]
command_timeout = "0s"

[[route]]
domain = "*"
next_hop = "ftp://example.net"
"""
CONFIGURATION = 78  # exit status: the configuration has mistakes (docs/operations.md)
PROBLEMS = {1: "data_dir", 2: "workers", 3: "hostname", 7: "role", 10: "durability", 11: "first", 14: "command_timeout",
            18: "next_hop"}


def broken(ctx):
    server = ctx.server(start=False)
    server.config_path = server.folder / "broken.toml"
    server.config_path.write_text(BROKEN)
    return server


def test_corrupt_configuration_lists_every_problem(ctx):
    server = broken(ctx)
    said = server.cli("check-config", expect=CONFIGURATION) + server.cli_error
    for line, word in PROBLEMS.items():
        check(any(f"broken.toml:{line}:" in text and word in text for text in said.splitlines()),
              f"no problem told for line {line} ({word}):\n{said}")
    said = server.cli("serve", expect=CONFIGURATION) + server.cli_error
    check("durability" in said and "hostname" in said, f"serve does not tell all problems: {said}")
    check(not (server.folder / "data").exists(), "a refused configuration made a data directory")


def test_what_is_not_toml_is_told_with_its_line(ctx):
    server = broken(ctx)
    server.config_path.write_text('hostname = "mx.example.test"\n[queue\n')
    said = server.cli("check-config", expect=CONFIGURATION) + server.cli_error
    check("broken.toml:2" in said, f"the line of the syntax error is not told: {said}")


def test_a_good_configuration_is_printed_with_its_defaults(ctx):
    server = ctx.server()
    printed = server.cli("check-config", "--print")
    check("command_timeout" in printed and "durability" in printed, f"defaults are not shown: {printed}")
    again = server.folder / "again.toml"
    again.write_text(printed)
    server.config_path = again
    check_equal(server.cli("check-config", "--print"), printed, "what --print says, read and printed again")


def test_a_list_of_recipients_that_is_missing_is_told_before_the_start(ctx):
    server = broken(ctx)
    server.config_path.write_text('hostname = "mx.example.test"\n[[domain]]\nname = "example.test"\n'
                                  f'deliver = "maildir:{server.folder}/mail"\nrecipients = "file:{server.folder}/nobody"\n')
    said = server.cli("check-config", expect=CONFIGURATION) + server.cli_error
    check("nobody" in said, f"the missing file is not named: {said}")
