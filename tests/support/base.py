"""Checks, waiting, paths and sanitizers: what every other helper stands on."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SANITIZER = re.compile(
    r"(ERROR|WARNING): (Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error: |RINGPOST_ASSERT|assertion failed"
)
SYMBOLIZER = "/usr/bin/llvm-symbolizer-19"
SLOW = {"asan": 3, "tsan": 6}  # how much longer a wait may be under a sanitizer


class Failure(AssertionError):
    """A check that did not hold; its text is what the person reading the log sees."""


class NotPermitted(Exception):
    """What a story needs and this machine does not let it do: the story is skipped, which its line says."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(seen, expected, what):
    check(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def build_dir(preset):
    return pathlib.Path(os.environ.get("RINGPOST_BUILD_DIR") or ROOT / "build" / preset)


def patience(preset):
    return SLOW.get(preset, 1)


def wait_until(condition, seconds, what, interval=0.02):
    """Waits for `condition()` to become true and returns its value; a Failure names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"after {seconds:g} s still not: {what}")
        time.sleep(interval)


def end_process(process, seconds=20, how=signal.SIGTERM):
    """Asks a program to end that may have done so, and kills it when it has not after `seconds`."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listens(port, host="127.0.0.1"):
    """Whether somebody takes connections there now."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def split_address(text):
    """("127.0.0.1", 25) of "127.0.0.1:25" or "[::1]:25"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def binary(preset, name="ringpost"):
    path = build_dir(preset) / name
    check(path.exists(), f"{path} does not exist: build it first (cmake --build --preset {preset})")
    return path


def sanitizer_environment(preset):
    # Ours that say how to test would be unknown keys to the server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGPOST_")}
    for sanitizer in ("ASAN", "LSAN", "TSAN", "UBSAN"):
        environment[f"{sanitizer}_SYMBOLIZER_PATH"] = SYMBOLIZER
    if preset == "asan":
        environment["ASAN_OPTIONS"] = "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1"
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
        environment["LSAN_OPTIONS"] = f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0"
    if preset == "tsan":
        environment["TSAN_OPTIONS"] = f"suppressions={ROOT}/tests/tsan.supp:halt_on_error=0:history_size=4:exitcode=66"
    return environment


_setarch = None


def sanitizer_wrapper(preset):
    """The thread sanitizer knows fewer address layouts than newer kernels use: it runs without randomisation."""
    global _setarch
    if preset != "tsan":
        return []
    if _setarch is None:
        _setarch = ["setarch", "-R"] if shutil.which("setarch") and \
            subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0 else []
    return _setarch
