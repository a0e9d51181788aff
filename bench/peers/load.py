"""The two load generators: Postfix's smtp-source (neutral) and our ringpost-bench.

Each returns a Load. A load that was not accepted to the last message raises LoadFailed: half a run is no number.
"""
import contextlib
import dataclasses
import json
import pathlib
import subprocess
import time

from peers import install
from peers.base import LOGIN, PASSWORD, RECIPIENT, SENDER


class LoadFailed(Exception):
    pass


@dataclasses.dataclass
class Load:
    messages: int
    seconds: float
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    resumed: float | None = None
    agreed: str = ""


class SmtpSource:
    name = "smtp-source"

    def prepare(self):
        install.packages("postfix")

    def run(self, peer, case, messages, timeout):
        """No pipelining; sessions stay open unless the case reconnects."""
        command = ["/usr/sbin/smtp-source", "-4", "-C", "20", "-s", str(case.sessions), "-m", str(messages),
                   "-l", str(case.size), "-f", SENDER, "-t", RECIPIENT]
        if not case.reconnect:
            command.append("-d")
        begin = time.monotonic()
        done = _run([*command, f"127.0.0.1:{peer.port}"], timeout)
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

    def run(self, peer, case, messages, timeout):
        command = [self.binary, "load", "--to", f"127.0.0.1:{peer.port}", "--sessions", case.sessions, "--timeout", "10s",
                   "--json", "--no-progress", *_amounts(case, messages), *_security(case)]
        begin = time.monotonic()
        done = _run([str(word) for word in command], timeout, PASSWORD if case.mechanism else None)
        seconds = time.monotonic() - begin
        if not done.stdout.startswith("{"):
            raise LoadFailed(done.stderr.strip()[:300] or f"ringpost-bench ended with {done.returncode}")
        told = json.loads(done.stdout)
        if done.returncode != 0 or told["accepted" if case.size else "sessions"] < messages:
            raise LoadFailed(f"not all of {messages} were accepted: {json.dumps(told['errors'])[:300]}")
        phase = told["latency_ms"] if case.size else told["phases"][_phase_of(case)]
        handshakes = told["tls"]["full"] + told["tls"]["resumed"]
        return Load(messages, told["seconds"] or seconds, phase["p50"], phase["p99"],
                    told["tls"]["resumed"] / handshakes if handshakes else None, ", ".join(told["tls"]["agreed"]))


def fastest_generator(options):
    """Ours where it is built."""
    with contextlib.suppress(install.Unavailable):
        ours = RingpostBench(pathlib.Path(options.build).resolve())
        ours.prepare()
        return ours
    return SmtpSource()


def _amounts(case, messages):
    if not case.size:
        return ["--messages", 0, "--count", messages]
    per_session = 1 if case.reconnect else case.messages_per_session or max(1, messages // case.sessions)
    return ["--messages", messages, "--messages-per-session", per_session, "--size", case.size, "--from", SENDER,
            "--rcpt", case.recipient or RECIPIENT]


def _security(case):
    words = []
    if case.certificate:
        words += ["--starttls"]
    if case.tls_version:
        words += ["--tls-version", case.tls_version]
    if case.resume:
        words += ["--resume"]
    if case.mechanism:
        words += ["--auth", case.mechanism, "--user", LOGIN, "--password-stdin"]
    return words


def _phase_of(case):
    """What a client of sessions without mail waits for."""
    return "auth" if case.mechanism else "tls" if case.certificate else "session"


def _run(command, timeout, text=None):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, input=text)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"not done after {timeout:g} s") from None
