"""A server configured by variables of the environment, as containers are: without a file, over a file, and refused where
a variable means nothing."""

import pathlib
import subprocess

from lib import DOMAIN, HOSTNAME, Skip, check, check_equal
from support.base import binary, sanitizer_environment, sanitizer_wrapper

DEFAULT_PATH = pathlib.Path("/etc/ringpost/ringpost.toml")
CONFIGURATION = 78  # exit status: the configuration has mistakes (docs/operations.md)
KUBERNETES = {"RINGPOST_PORT": "tcp://10.0.0.7:25", "RINGPOST_SERVICE_HOST": "10.0.0.7", "RINGPOST_SERVICE_PORT_SMTP": "25",
              "RINGPOST_PORT_25_TCP_ADDR": "10.0.0.7"}


def run(ctx, *arguments, **variables):
    """(exit status, stdout, stderr) of `ringpost ARGUMENTS` with RINGPOST_ variables."""
    environment = sanitizer_environment(ctx.preset) | {f"RINGPOST_{name}": value for name, value in variables.items()}
    done = subprocess.run([*sanitizer_wrapper(ctx.preset), str(binary(ctx.preset)), *arguments], capture_output=True, text=True,
                          timeout=60 * ctx.patience, env=environment, cwd=ctx.folder)
    return done.returncode, done.stdout, done.stderr


def test_environment_configures_the_server(ctx):
    """The file has one line; all else comes from the environment, and mail is delivered as it says."""
    server = ctx.server(start=False)
    variables = {
        "RINGPOST_DATA_DIR": str(server.folder / "data"),
        "RINGPOST_WORKERS": "1",
        "RINGPOST_USER": "",
        "RINGPOST_LISTENER_0_ADDRESS": "127.0.0.1:0",
        "RINGPOST_RELAY_TRUSTED_NETWORKS": '["127.0.0.1/32"]',
        "RINGPOST_DOMAIN_0_NAME": DOMAIN,
        "RINGPOST_DOMAIN_0_DELIVER": f"maildir:{server.folder}/mail/{{domain}}/{{local}}",
        "RINGPOST_QUEUE_MIN_FREE_DISK": "16MiB",
        "RINGPOST_LIMITS_MESSAGE_SIZE_MAX": "1MiB",
        "RINGPOST_LOG_LEVEL": "debug",
        "RINGPOST_ADMIN_ADDRESS": "127.0.0.1:0",
    }
    server.environment = variables | KUBERNETES
    server.config = {"hostname": HOSTNAME, "listener": [{"address": "127.0.0.1:0"}], "limits": {"message_size_max": "9MiB"},
                     "admin": {"address": "127.0.0.1:0"}}
    server.start()
    server.send("box@" + DOMAIN)
    server.wait_mail("box")
    with server.client() as client:
        client.reply()
        check(f"SIZE {1 << 20}" in client.command("EHLO client.example.net", 250).text, "the file won over the environment")


def test_without_a_file_the_environment_is_enough(ctx):
    if DEFAULT_PATH.exists():
        raise Skip(f"{DEFAULT_PATH} exists on this machine")
    status, out, error = run(ctx, "check-config", "--print", HOSTNAME=HOSTNAME, QUEUE_RETRY_FIRST="7m", LISTENER_0_ROLE="submission")
    check_equal(status, 0, f"exit status ({error})")
    for line in (f'hostname = "{HOSTNAME}"', 'retry.first = "7m"', 'role = "submission"'):
        check(line in out.splitlines(), f"not printed: {line}\n{out}")
    status, _, error = run(ctx, "check-config", QUEUE_MAX_AGE="5d")
    check_equal(status, CONFIGURATION, f"exit status without a hostname ({error})")
    check(str(DEFAULT_PATH) in error, f"what is missing is not named: {error}")


def test_the_path_of_the_file_comes_from_the_environment_and_the_option_wins(ctx):
    first, second = ctx.folder / "first.toml", ctx.folder / "second.toml"
    first.write_text('hostname = "first.example"\n')
    second.write_text('hostname = "second.example"\n')
    _, out, _ = run(ctx, "check-config", "--print", CONFIG=str(first))
    check('hostname = "first.example"' in out, f"RINGPOST_CONFIG was not read: {out}")
    _, out, _ = run(ctx, "check-config", "--print", "-c", str(second), CONFIG=str(first))
    check('hostname = "second.example"' in out, f"-c did not win: {out}")


def test_an_unknown_variable_is_refused_in_one_line(ctx):
    file = ctx.folder / "ringpost.toml"
    file.write_text(f'hostname = "{HOSTNAME}"\n')
    for verb in ("serve", "check-config"):
        status, out, error = run(ctx, verb, "-c", str(file), QUEUE_MAXAGE="5d")
        check_equal(status, CONFIGURATION, f"exit status of {verb}")
        lines = (out + error).splitlines()
        check("environment: RINGPOST_QUEUE_MAXAGE: unknown; did you mean RINGPOST_QUEUE_MAX_AGE?" in lines, f"{verb}: {lines}")
        check(len([line for line in lines if "MAXAGE" in line]) == 1, f"{verb} tells it more than once: {lines}")


def test_all_problems_of_file_and_environment_come_in_one_run(ctx):
    file = ctx.folder / "ringpost.toml"
    file.write_text('[queue]\nmax_age = "soon"\n')
    status, _, error = run(ctx, "check-config", "-c", str(file), WORKERS="two", DOMAIN_1_NAME="b.example", **{"NOISE": "x"})
    check_equal(status, CONFIGURATION, "exit status")
    for text in ("ringpost.toml:2:", "hostname is required", "RINGPOST_WORKERS: workers: expected an integer",
                 "RINGPOST_DOMAIN_1_NAME: there is no number 0", "RINGPOST_NOISE: unknown"):
        check(text in error, f"not told: {text}\n{error}")
