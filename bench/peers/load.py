"""The two load generators: Postfix's smtp-source (neutral) and our ringpost-bench.

Each returns a Load. A load that was not accepted to the last message raises LoadFailed: half a run is no number.
"""
import dataclasses
import json
import subprocess
import time

from peers import install
from peers.base import RECIPIENT, SENDER


class LoadFailed(Exception):
    pass


@dataclasses.dataclass
class Load:
    messages: int
    seconds: float
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None


class SmtpSource:
    name = "smtp-source"

    def prepare(self):
        install.packages("postfix")

    def run(self, port, case, messages, timeout):
        """No pipelining; sessions stay open unless the case reconnects."""
        command = ["/usr/sbin/smtp-source", "-4", "-C", "20", "-s", str(case.sessions), "-m", str(messages),
                   "-l", str(case.size), "-f", SENDER, "-t", RECIPIENT]
        if not case.reconnect:
            command.append("-d")
        begin = time.monotonic()
        done = _run([*command, f"127.0.0.1:{port}"], timeout)
        seconds = time.monotonic() - begin
        if done.returncode != 0 or done.stderr.strip():
            raise LoadFailed(done.stderr.strip()[:300] or f"smtp-source ended with {done.returncode}")
        return Load(messages, seconds, seconds / messages * 1000 if case.sessions == 1 else None)


class RingpostBench:
    name = "ringpost-bench"

    def __init__(self, build):
        self.binary = build / "ringpost-bench"

    def prepare(self):
        if not self.binary.exists():
            raise install.Unavailable(f"{self.binary} is not built")

    def run(self, port, case, messages, timeout):
        per_session = 1 if case.reconnect else max(1, messages // case.sessions)
        command = [self.binary, "load", "--to", f"127.0.0.1:{port}", "--sessions", case.sessions, "--messages", messages,
                   "--messages-per-session", per_session, "--size", case.size, "--from", SENDER, "--rcpt", RECIPIENT,
                   "--timeout", "10s", "--json"]
        begin = time.monotonic()
        done = _run([str(word) for word in command], timeout)
        seconds = time.monotonic() - begin
        if done.returncode != 0:
            raise LoadFailed(done.stderr.strip()[:300] or f"ringpost-bench ended with {done.returncode}")
        told = flatten(json.loads(done.stdout.strip().splitlines()[-1] if "\n{" in done.stdout else done.stdout))
        accepted = first(told, "accepted", "messages")
        if accepted is not None and accepted < messages:
            raise LoadFailed(f"only {accepted:g} of {messages} messages were accepted: {done.stdout[:300]}")
        return Load(messages, first(told, "seconds", "elapsed_seconds") or seconds,
                    first(told, "p50_ms", "latency_p50_ms", "latency_ms.p50"),
                    first(told, "p99_ms", "latency_p99_ms", "latency_ms.p99"))


def _run(command, timeout):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"not done after {timeout:g} s") from None


def flatten(value, prefix=""):
    """{"a": {"b": 1}} -> {"a.b": 1}"""
    if not isinstance(value, dict):
        return {prefix: value}
    flat = {}
    for key, item in value.items():
        flat.update(flatten(item, f"{prefix}.{key}" if prefix else key))
    return flat


def first(flat, *names):
    return next((flat[n] for n in names if isinstance(flat.get(n), (int, float))), None)
