#!/usr/bin/env python3
"""Runs the C:/S: transcripts beside this file against live servers, one server for each set of @set lines.

What a transcript may say (docs/testing.md has examples):
  # text                    the first such line says what the file shows
  @listener mx|submission|submissions   which listener to talk to (mx)
  @set KEY=VALUE            a configuration key, TOML value: limits.message_size_max="64KiB"
  @client ADDRESS           source address: 127.0.0.1 (the default) is trusted, 127.0.0.2 is a stranger
  @people                   the server has a certificate and the accounts alice and bob (tests/support/people.py)
  C: text                   sends text and CRLF
  C~ text                   sends octets without CRLF; \\r \\n \\t \\\\ \\0 \\xNN are understood
  C* COUNT text             sends the octets of text (escapes as above) COUNT times, without CRLF
  C64 [AUTH NAME] text      sends the octets of text (escapes as above) in base64, behind "AUTH NAME " if that is given
  tls                       the TLS handshake, with our authority trusted: after STARTTLS, or first on submissions
  S- text                   the next reply has this line, without its code and separator: "S- SIZE 65536"
  S! text                   the next reply has no such line
  S: text                   the next reply's last line; "..." at the end stands for anything
  S/ regex                  the same as a regular expression for the whole line
  closed                    the server closes, without a further octet
  abort                     the client resets the connection
  close                     the client closes the connection
  connect [ADDRESS]         a new connection (after close, abort or closed)
  wait SECONDS
  mail ADDRESS COUNT        the mailbox gets exactly COUNT messages
  mail ADDRESS has TEXT     the newest message has these octets (escapes as above); "lacks" for the opposite
"""

import argparse
import base64
import concurrent.futures
import pathlib
import re
import ssl
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

import lib  # noqa: E402
from support.certificates import HOST  # noqa: E402
from support.people import ROLES as LISTENERS, SecureServer, client_context  # noqa: E402

AT_ONCE = 8  # conversations: most of them wait for a refused command's delay
TRUSTED, STRANGER = "127.0.0.1", "127.0.0.2"
AUTH = re.compile(r"(AUTH [A-Za-z0-9-]+ )?(.*)", re.S)


def unescape(text):
    """Octets of a C~ line."""
    simple = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}

    def one(match):
        mark = match.group(1)
        return bytes([int(mark[1:], 16)]) if mark[:1] == b"x" else simple[mark]
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt0\\])", one, text.encode())


class Transcript:
    """A parsed file: its settings and its steps as (line number, verb, rest)."""

    STEP = re.compile(r"(C:|C~|C\*|C64|S:|S/|S-|S!|tls|closed|abort|close|connect|wait|mail)(?:[ ](.*))?$", re.S)

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.listener, self.client, self.settings, self.steps, self.people = "mx", TRUSTED, {}, [], False
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if line.startswith("@"):
                self._setting(number, *line[1:].split(" ", 1))
            elif line and not line.startswith("#"):
                match = self.STEP.match(line)
                lib.check(match, f"{path.name}:{number}: not a step: {line!r}")
                self.steps.append((number, match.group(1), match.group(2) or ""))
        lib.check(path.read_text().startswith("# "), f"{path.name}: the first line must say what it shows")
        lib.check(any(verb in ("S:", "S/", "closed", "mail") for _, verb, _ in self.steps),
                  f"{path.name}: nothing in it can fail")

    def _setting(self, number, name, rest=""):
        if name == "listener" and rest in LISTENERS:
            self.listener = rest
        elif name == "client" and rest:
            self.client = rest
        elif name == "people" and not rest:
            self.people = True
        elif name == "set" and "=" in rest:
            key, value = rest.split("=", 1)
            self.settings[key.strip()] = tomllib.loads(f"value = {value.strip()}")["value"]
        else:
            raise lib.Failure(f"{self.path.name}:{number}: not a setting: @{name} {rest}")

    @property
    def variant(self):
        return repr((self.people, sorted(self.settings.items())))


class Conversation:
    """Plays one transcript; the first step that does not hold raises a Failure that names its line."""

    def __init__(self, transcript, server):
        self.transcript, self.server, self.client = transcript, server, None
        self.wanted, self.unwanted = [], []
        self.heard = []

    def play(self):
        try:
            self.connect(self.transcript.client)
            for number, verb, rest in self.transcript.steps:
                try:
                    self.step(verb, rest)
                except (lib.Failure, OSError) as failure:
                    heard = "".join(f"\n  {line}" for line in self.heard[-8:])
                    raise lib.Failure(f"{self.transcript.path.name}:{number}: {verb} {rest}\n{failure}\nbefore:{heard}") from None
        finally:
            if self.client:
                self.client.close()

    def connect(self, source):
        host, port = self.server.address(LISTENERS.index(self.transcript.listener))
        # A refused command is answered late on purpose, so a reply may take some seconds.
        self.client = lib.Client(host, port, source=source, timeout=20 * self.server.patience)

    def step(self, verb, rest):
        if verb == "C:":
            self.send(rest.encode() + b"\r\n")
        elif verb == "C~":
            self.send(unescape(rest))
        elif verb == "C*":
            count, _, text = rest.partition(" ")
            self.send(unescape(text) * int(count))
        elif verb == "C64":
            command, text = AUTH.fullmatch(rest).groups()
            self.send((command or "").encode() + base64.b64encode(unescape(text)) + b"\r\n")
        elif verb == "tls":
            self.client.secure(client_context(), HOST)
        elif verb == "S-":
            self.wanted.append(rest)
        elif verb == "S!":
            self.unwanted.append(rest)
        elif verb in ("S:", "S/"):
            self.expect(verb, rest)
        elif verb == "mail":
            self.mail(*rest.split(" ", 2))
        else:
            self.life(verb, rest)

    def life(self, verb, rest):
        if verb == "closed":
            lib.check(self.client.at_end(), f"the connection is still open; unread: {self.client.unread!r}")
        elif verb == "abort":
            self.client.abort()
        elif verb == "close":
            self.client.close()
        elif verb == "connect":
            self.client.close()
            self.connect(rest or self.transcript.client)
        else:
            time.sleep(float(rest))

    def send(self, octets):
        self.heard.append(f"C {octets[:200]!r}")
        try:
            self.client.write(octets)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # the server may have hung up while we were talking: the next expectation tells

    def expect(self, verb, pattern):
        reply = self.client.reply()
        lines = [line.decode("utf-8", "backslashreplace") for line in reply.lines]
        self.heard += [f"S {line}" for line in lines]
        wanted, unwanted = self.wanted, self.unwanted
        self.wanted, self.unwanted = [], []
        holds = re.fullmatch(pattern, lines[-1]) if verb == "S/" else matches(pattern, lines[-1])
        lib.check(holds, "the reply was " + reply.text)
        for text in wanted:
            lib.check(any(matches(text, line[4:]) for line in lines), f"no line {text!r} in the reply:\n{reply.text}")
        for text in unwanted:
            lib.check(not any(matches(text, line[4:]) for line in lines), f"a line {text!r} in the reply:\n{reply.text}")

    def mail(self, address, what, text=None):
        local, _, domain = address.rpartition("@")
        if text is None:
            if what == "0":
                time.sleep(1)  # long enough for a delivery that should not be
            self.server.wait_mail(local, int(what), domain)
            return
        newest = lib.wait_until(lambda: self.server.maildir(domain, local), 15 * self.server.patience, f"mail for {address}")[-1]
        lib.check((unescape(text) in newest) == (what == "has"), f"the message is {newest!r}")


def matches(pattern, line):
    return line.startswith(pattern[:-3]) if pattern.endswith("...") else line == pattern


def config_of(folder, settings):
    """Both listeners, a domain for anyone, one with a table of recipients, and foreign mail that goes nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipients").write_text("# who is known here\nalice\nbob\n")
    deliver = f"maildir:{folder}/mail/{{domain}}/{{local}}"
    config = {
        "listener": [{"address": "127.0.0.1:0", "role": role} for role in LISTENERS],
        "domain": [{"name": lib.DOMAIN, "deliver": deliver},
                   {"name": "listed.test", "deliver": deliver, "recipients": f"file:{folder}/recipients"}],
        "route": [{"domain": "*", "next_hop": "discard:"}],
    }
    for key, value in settings.items():
        lib.set_path(config, key, value)
    return config


def converse(transcript, server):
    begin = time.monotonic()
    try:
        Conversation(transcript, server).play()
        reason = None
    except lib.Failure as failure:
        reason = str(failure)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    return reason, time.monotonic() - begin


def run_variant(transcripts, preset, folder, report):
    """All transcripts that share a configuration, against one server; the server's own end is a test too."""
    kind = SecureServer if transcripts[0].people else lib.Server
    server = kind(folder, preset, config_of(folder, transcripts[0].settings))
    if not transcripts[0].people:
        (folder / "users.toml").write_text("")  # nobody
    try:
        server.start()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for transcript, (reason, seconds) in zip(transcripts, pool.map(lambda t: converse(t, server), transcripts)):
                report(transcript.name, reason, seconds)
    except lib.Failure as failure:
        for transcript in transcripts:
            report(transcript.name, str(failure), 0)
        return
    try:
        server.stop()
        reason = None
    except lib.Failure as failure:
        reason = str(failure)
    report(f"server-ends-clean-{folder.name}", reason, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="release")
    parser.add_argument("--filter", default="", help="only files whose name contains this")
    options = parser.parse_args()
    counts = {"PASS": 0, "FAIL": 0}

    def report(name, reason, seconds):
        verdict = "FAIL" if reason else "PASS"
        counts[verdict] += 1
        print(f"{verdict} dialogue.{options.preset}.{name} ({seconds:.1f} s)", flush=True)
        if reason:
            print("  " + reason.replace("\n", "\n  "), flush=True)

    variants = {}
    for path in sorted(HERE.glob("*.smtp")):
        if options.filter in path.stem:
            try:
                transcript = Transcript(path)
                variants.setdefault(transcript.variant, []).append(transcript)
            except (lib.Failure, tomllib.TOMLDecodeError) as failure:
                report(path.stem, str(failure), 0)
    scratch = lib.build_dir(options.preset).parent / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    base = pathlib.Path(tempfile.mkdtemp(prefix="dialogue-", dir=scratch))
    for number, transcripts in enumerate(variants.values()):
        run_variant(transcripts, options.preset, base / str(number), report)
    if counts["FAIL"]:
        print(f"kept: {base}")
    else:
        lib.shutil.rmtree(base, ignore_errors=True)
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed", flush=True)
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
