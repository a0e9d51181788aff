"""What dialogues and scenarios share: a ringpost process of their own, a raw SMTP client, peers to deliver to.

Every object here owns what it starts: a Server, Sink or Peer ends its own process or thread and nothing else.
Octets stay octets: replies and mail are bytes on the wire and are decoded only for messages to people.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SANITIZER = re.compile(
    r"(ERROR|WARNING): (Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error: |RINGPOST_ASSERT|assertion failed"
)
HOSTNAME = "mx.example.test"
DOMAIN = "example.test"
SLOW = {"asan": 3, "tsan": 6}  # how much longer a wait may be under a sanitizer


class Failure(AssertionError):
    """A check that did not hold; its text is what the person reading the log sees."""


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


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def split_address(text):
    """("127.0.0.1", 25) of "127.0.0.1:25" or "[::1]:25"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


# --- configuration ---------------------------------------------------------------------------------------------------


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False)  # a JSON string is a TOML basic string


def to_toml(config):
    """TOML of a dict: plain keys first, then [tables], then a list of dicts as [[tables]]."""
    lines = [f"{key} = {toml_value(value)}" for key, value in config.items() if not _is_table(value)]
    for name, value in config.items():
        if isinstance(value, dict):
            lines += ["", f"[{name}]"] + [f"{key} = {toml_value(item)}" for key, item in value.items()]
        elif _is_table(value):
            for entry in value:
                lines += ["", f"[[{name}]]"] + [f"{key} = {toml_value(item)}" for key, item in entry.items()]
    return "\n".join(lines) + "\n"


def _is_table(value):
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def set_path(config, path, value):
    """set_path(config, "limits.message_size_max", "64KiB") changes one key and makes its table where needed."""
    *tables, key = path.split(".")
    for name in tables:
        config = config.setdefault(name, {})
    config[key] = value


def base_config(folder):
    """A small relay of our own: `example.test` goes to Maildir, 127.0.0.1 is trusted, 127.0.0.2 is a stranger."""
    folder = pathlib.Path(folder)
    return {
        "hostname": HOSTNAME,
        "data_dir": str(folder / "data"),
        "workers": 2,
        "user": "",
        "listener": [{"address": "127.0.0.1:0", "role": "mx"}],
        "relay": {"trusted_networks": ["127.0.0.1/32"]},
        "domain": [{"name": DOMAIN, "deliver": f"maildir:{folder}/mail/{{domain}}/{{local}}"}],
        "queue": {"min_free_disk": "16MiB"},
        "log": {"format": "json", "level": "debug"},
        "admin": {"address": "127.0.0.1:0"},
    }


# --- the server ------------------------------------------------------------------------------------------------------


class Server:
    """One `ringpost serve` with a folder of its own.

    `config` is laid over base_config(folder) key by key (tables are merged, lists replaced), `extra` is TOML text put
    behind it. Ports are picked by the kernel at the first start and kept across restart(), so that peers find it again.
    """

    def __init__(self, folder, preset="release", config=None, extra="", wrapper=(), environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.preset = preset
        self.patience = patience(preset)
        self.config = base_config(self.folder)
        merge(self.config, config or {})
        self.extra = extra
        self.wrapper = list(wrapper)
        self.environment = environment or {}
        self.log_path = self.folder / "server.log"
        self.process = None
        self.listeners = []  # "host:port", in the order of the configuration
        self.admin = None

    # -- life

    def start(self, ready=True):
        check(self.process is None, "this server runs already")
        self.config_path = self.folder / "ringpost.toml"
        self.config_path.write_text(to_toml(self.config) + self.extra)
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, *sanitizer_wrapper(self.preset), str(binary(self.preset)), "serve", "-c", str(self.config_path)],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(sanitizer_environment(self.preset), **self.environment), cwd=self.folder)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        start = self._wait_while_alive(lambda: self.events("start"), seconds, "a start event in the log")[-1]
        self.listeners = [_listener_address(entry) for entry in start.get("listeners", [])]
        self.admin = start.get("admin") or self.admin
        for entry, address in zip(self.config["listener"], self.listeners):
            entry["address"] = address
        if self.admin:
            self.config["admin"]["address"] = self.admin
            self._wait_while_alive(lambda: self.http("/health/ready")[0] == 200, seconds, "ready on the admin address")
        return self

    def _wait_while_alive(self, condition, seconds, what):
        def probe():
            check(self.process.poll() is None,
                  f"the server ended with {self.process.returncode} before: {what}\n{self.tail()}")
            return condition()
        try:
            return wait_until(probe, seconds * self.patience, what)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.tail()}") from None

    def stop(self, seconds=30):
        """SIGTERM; must end with 0 in time and without a sanitizer's complaint."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(seconds * self.patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f"SIGTERM did not end the server within {seconds * self.patience} s\n{self.tail()}") from None
        self.check_sanitizers()
        check(code == 0, f"the server ended with {code} after SIGTERM\n{self.tail()}")

    def kill(self, signal_number=signal.SIGKILL):
        """Ends the process at once, as a crash would."""
        process, self.process = self.process, None
        process.send_signal(signal_number)
        process.wait(30)
        self.check_sanitizers()

    def restart(self, crash=False):
        if crash:
            self.kill()
        else:
            self.stop()
        return self.start()

    def signal(self, number):
        self.process.send_signal(number)

    @property
    def pid(self):
        return self.process.pid

    # -- what it says

    def address(self, index=0):
        return split_address(self.listeners[index])

    @property
    def port(self):
        return self.address()[1]

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines=25):
        return "\n".join(["--- end of " + str(self.log_path), *self.log_text().splitlines()[-lines:]])

    def log_events(self, event=None, since_start=False):
        """The log's JSON lines, all or those of one event; `since_start`: of the present process only."""
        text = self.log_text()
        if since_start:
            text = text.encode(errors="replace")[self._log_start:].decode(errors="replace")
        found = []
        for line in text.splitlines():
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    entry = json.loads(line)
                    if event is None or entry.get("event") == event:
                        found.append(entry)
        return found

    def events(self, event):
        return self.log_events(event, since_start=True)

    def wait_event(self, event, seconds=10, **fields):
        """Waits for an event of the present process whose fields are as given; returns it."""
        def find():
            return next((e for e in self.events(event) if all(e.get(k) == v for k, v in fields.items())), None)
        return self._wait_while_alive(find, seconds, f"log event {event} {fields or ''}")

    def check_sanitizers(self):
        for number, line in enumerate(self.log_text().splitlines()):
            if SANITIZER.search(line):
                lines = self.log_text().splitlines()[number:number + 60]
                raise Failure("the server's log has a complaint of a sanitizer or assertion:\n" + "\n".join(lines))

    def http(self, path, method="GET", body=None, headers=None):
        """(status, text) of the admin address; (0, reason) when it cannot be reached."""
        request = urllib.request.Request(f"http://{self.admin}{path}", method=method, headers=headers or {},
                                         data=body.encode() if isinstance(body, str) else body)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10 * self.patience) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def metrics(self):
        """{"ringpost_sessions": 1.0, 'ringpost_delivery_total{result="delivered"}': 2.0, ...}"""
        status, text = self.http("/metrics")
        check_equal(status, 200, "status of /metrics")
        pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def cli(self, *arguments, expect=0, stdin=b""):
        """Runs `ringpost VERB... -c OUR_CONFIG`; returns its stdout as text and checks the exit status."""
        run = subprocess.run([*sanitizer_wrapper(self.preset), str(binary(self.preset)), *arguments, "-c", str(self.config_path)],
                             input=stdin, capture_output=True, timeout=60 * self.patience,
                             env=sanitizer_environment(self.preset), cwd=self.folder)
        out, err = run.stdout.decode(errors="replace"), run.stderr.decode(errors="replace")
        check(not SANITIZER.search(err), f"ringpost {' '.join(arguments)}: {err}")
        if expect is not None:
            check(run.returncode == expect,
                  f"ringpost {' '.join(arguments)} ended with {run.returncode} instead of {expect}: {out}{err}")
        self.cli_error = err
        return out

    # -- what it delivered

    def maildir_path(self, domain, local):
        return self.folder / "mail" / domain / local

    def maildir(self, domain, local):
        """The delivered messages of a mailbox as bytes, oldest first."""
        new = self.maildir_path(domain, local) / "new"
        files = sorted(new.iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name)) if new.is_dir() else []
        return [path.read_bytes() for path in files]

    def wait_mail(self, local, count=1, domain=DOMAIN, seconds=15):
        """Waits until a mailbox has `count` messages; returns them. More than `count` is a failure."""
        with contextlib.suppress(Failure):
            wait_until(lambda: len(self.maildir(domain, local)) >= count, seconds * self.patience, "mail")
        mail = self.maildir(domain, local)
        check(len(mail) == count, f"{local}@{domain} has {len(mail)} messages instead of {count}\n{self.tail()}")
        return mail

    def client(self, index=0, source=None, timeout=None):
        host, port = self.address(index)
        return Client(host, port, source=source, timeout=timeout or 15 * self.patience)

    def send(self, recipients, body="Subject: test\r\n\r\nhello\r\n", sender="sender@example.test", source=None):
        """One message in a session of its own; returns the queue ID of the 250."""
        with self.client(source=source) as client:
            client.greet()
            return client.send(sender, recipients, body)


def merge(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def _listener_address(entry):
    return entry if isinstance(entry, str) else entry["address"]


def binary(preset, name="ringpost"):
    path = build_dir(preset) / name
    check(path.exists(), f"{path} does not exist: build it first (cmake --build --preset {preset})")
    return path


def sanitizer_environment(preset):
    environment = dict(os.environ)
    if preset == "asan":
        environment["ASAN_OPTIONS"] = "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1"
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
        environment["LSAN_OPTIONS"] = f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0"
    if preset == "tsan":
        environment["TSAN_OPTIONS"] = f"suppressions={ROOT}/tests/tsan.supp:halt_on_error=0:history_size=4:exitcode=66"
    return environment


_setarch = None


def sanitizer_wrapper(preset):
    """GCC 12's thread sanitizer knows fewer address layouts than newer kernels use: it runs without randomisation."""
    global _setarch
    if preset != "tsan":
        return []
    if _setarch is None:
        _setarch = ["setarch", "-R"] if shutil.which("setarch") and \
            subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0 else []
    return _setarch


# --- an SMTP client that hides nothing -------------------------------------------------------------------------------


class Reply:
    """One whole reply: its code and its lines without CRLF, as bytes."""

    def __init__(self, lines):
        self.lines = lines
        self.code = int(lines[0][:3])

    @property
    def text(self):
        return "\n".join(line.decode("utf-8", "backslashreplace") for line in self.lines)

    def __repr__(self):
        return self.text


class Closed(Failure):
    """The server closed the connection where a reply was due."""


class Client:
    def __init__(self, host, port, source=None, timeout=15):
        self.socket = socket.create_connection((host, port), timeout=timeout, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.extensions = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with a reset, so that the server sees an error instead of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def write(self, octets):
        self.socket.sendall(octets)

    def line(self):
        while b"\r\n" not in self.unread:
            try:
                octets = self.socket.recv(65536)
            except TimeoutError:
                raise Failure(f"no reply in {self.socket.gettimeout():g} s; unread: {self.unread!r}") from None
            except ConnectionResetError:
                octets = b""
            if not octets:
                raise Closed(f"connection closed; unread: {self.unread!r}")
            self.unread += octets
            check(len(self.unread) < 1 << 20, "a reply line longer than 1 MiB")
        line, _, self.unread = self.unread.partition(b"\r\n")
        return line

    def reply(self):
        """The next whole reply. Every line must carry the same code and the grammar of RFC 5321 4.2."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        for line in lines:
            check(re.fullmatch(rb"[2-5][0-9][0-9]([ -].*)?", line, re.S), f"not a reply line: {line!r}")
            check(line[:3] == lines[0][:3], f"codes differ within one reply: {lines!r}")
            check(b"\n" not in line and b"\r" not in line, f"a bare CR or LF in a reply: {line!r}")
        return Reply(lines)

    def command(self, text, expect=None):
        self.write((text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        return self.expect(expect, text)

    def expect(self, code, after):
        reply = self.reply()
        if code is not None:
            check(str(reply.code).startswith(str(code)), f"{after!r} was answered {reply!r}, expected {code}")
        return reply

    def greet(self, name="client.example.net"):
        self.expect(220, "connect")
        reply = self.command(f"EHLO {name}", 250)
        self.extensions = [line[4:].decode() for line in reply.lines[1:]]
        return self

    def send(self, sender, recipients, body, mail_params=""):
        """MAIL, RCPT..., DATA, body (dots are stuffed here); returns the queue ID of the final 250."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        self.command(f"MAIL FROM:<{sender}>{' ' + mail_params if mail_params else ''}", 250)
        for recipient in recipients:
            self.command(f"RCPT TO:<{recipient}>", 25)
        self.command("DATA", 354)
        self.write(stuff(body if isinstance(body, bytes) else body.encode()) + b".\r\n")
        return queue_id(self.expect(250, "final dot"))

    def at_end(self):
        """Whether the server closes without a further octet."""
        try:
            return self.unread == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def stuff(body):
    """Body octets as DATA wants them: dots doubled, ends with CRLF."""
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = re.sub(rb"(^|(?<=\r\n))\.", b"..", body)
    return body


def queue_id(reply):
    match = re.search(rb"queued as (\S+)", reply.lines[-1])
    check(match, f"no queue ID in {reply!r}")
    return match.group(1).decode()


# --- peers to deliver to ---------------------------------------------------------------------------------------------


class Peer:
    """A next hop written in Python that can misbehave on purpose.

    `replies` maps a verb (GREETING, EHLO, MAIL, RCPT, DATA, "." for the end of the message, RSET, QUIT) to a reply line
    or to a function(peer, command text) that returns one; None closes the connection without a reply. `delay` is the
    same map in seconds. What arrived whole stands in `messages`: dicts with sender, recipients, body, helo.
    """

    def __init__(self, replies=None, delay=None, host="127.0.0.1", port=0):
        self.replies = dict(replies or {})
        self.delay = dict(delay or {})
        self.messages = []
        self.commands = []
        self.connections = 0
        self.connections_now = 0
        self.connections_peak = 0
        self.lock = threading.Lock()
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with peer.lock:
                    peer.connections += 1
                    peer.connections_now += 1
                    peer.connections_peak = max(peer.connections_peak, peer.connections_now)
                with contextlib.suppress(ConnectionError, TimeoutError, ValueError):
                    peer._session(self)
                with peer.lock:
                    peer.connections_now -= 1

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 512

        self.server = TcpServer((host, port), Handler)
        self.host, self.port = self.server.server_address[:2]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def next_hop(self):
        return f"smtp://{self.host}:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count, seconds=20):
        wait_until(lambda: len(self.messages) >= count, seconds, f"{count} messages at the peer ({len(self.messages)} came)")
        return self.messages

    def _answer(self, handler, verb, line, default):
        time.sleep(self.delay.get(verb, 0))
        answer = self.replies.get(verb, default)
        if callable(answer):
            answer = answer(self, line)
        if answer is None:
            raise ConnectionAbortedError
        handler.wfile.write(answer.encode() + b"\r\n")
        handler.wfile.flush()
        return answer[0]

    def _session(self, handler):
        message = {"recipients": []}
        helo = ""
        self._answer(handler, "GREETING", "", "220 peer.example ESMTP")
        while line := handler.rfile.readline(65536):
            text = line.decode(errors="replace").rstrip("\r\n")
            verb = text.split(" ")[0].split(":")[0].upper()
            with self.lock:
                self.commands.append(text)
            if verb in ("EHLO", "HELO", "LHLO"):
                helo = text[5:]
                extensions = "250-peer.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 104857600\r\n250 ENHANCEDSTATUSCODES"
                self._answer(handler, "EHLO", text, "250 peer.example" if verb == "HELO" else extensions)
            elif verb == "MAIL":
                message = {"sender": path_of(text), "recipients": [], "helo": helo, "mail": text}
                self._answer(handler, verb, text, "250 2.1.0 ok")
            elif verb == "RCPT":
                if self._answer(handler, verb, text, "250 2.1.5 ok") == "2":
                    message["recipients"].append(path_of(text))
            elif verb == "DATA":
                if self._answer(handler, verb, text, "354 go ahead") == "3":
                    message["body"] = read_data(handler.rfile)
                    if self._answer(handler, ".", text, "250 2.0.0 taken") == "2":
                        with self.lock:
                            self.messages.append(message)
                    message = {"recipients": []}
            elif verb == "QUIT":
                self._answer(handler, verb, text, "221 2.0.0 bye")
                return
            else:
                self._answer(handler, verb, text, "250 2.0.0 ok" if verb in ("RSET", "NOOP") else "500 5.5.1 unknown")


def path_of(command):
    match = re.search(r"<(.*?)>", command)
    return match.group(1) if match else ""


def read_data(stream):
    lines = []
    while (line := stream.readline(1 << 20)) != b".\r\n":
        if not line:
            raise ConnectionResetError
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


class Sink:
    """`ringpost-bench sink`: takes any mail as fast as it comes and counts it."""

    def __init__(self, folder, preset="release", arguments=()):
        self.port = free_port()
        self.log_path = pathlib.Path(folder) / f"sink-{self.port}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*sanitizer_wrapper(preset), str(binary(preset, "ringpost-bench")), "sink",
                 "--address", f"127.0.0.1:{self.port}", *arguments],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=sanitizer_environment(preset))
        wait_until(self._listens, 20 * patience(preset), f"the sink listens on {self.port}; see {self.log_path}")

    @property
    def next_hop(self):
        return f"smtp://127.0.0.1:{self.port}"

    def _listens(self):
        check(self.process.poll() is None, f"the sink ended: {self.log_path.read_text(errors='replace')}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.log_path.read_text(errors="replace")


# --- what a scenario gets --------------------------------------------------------------------------------------------


class Skip(Exception):
    """Raised by Context.need: something the story is about is not installed. Counts as failed in a full run."""


class Context:
    """Handed to every test_ function: a folder of its own and everything it started, ended in reverse order."""

    def __init__(self, preset, name):
        base = build_dir(preset).parent / "scratch"
        base.mkdir(parents=True, exist_ok=True)
        self.preset = preset
        self.patience = patience(preset)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=base))
        self._cleanup = []

    def server(self, config=None, extra="", name="server", start=True, **options):
        server = Server(self.folder / name, self.preset, config, extra, **options)
        self._cleanup.append(server.stop)
        if start:
            server.start()
        return server

    def peer(self, **options):
        peer = Peer(**options)
        self._cleanup.append(peer.stop)
        return peer

    def sink(self, *arguments):
        sink = Sink(self.folder, self.preset, arguments)
        self._cleanup.append(sink.stop)
        return sink

    def run(self, *command, expect=0, timeout=120, stdin=None, environment=None):
        """Runs a program to its end; returns stdout as text."""
        run = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, cwd=self.folder,
                             timeout=timeout * self.patience, env=environment or sanitizer_environment(self.preset))
        out = run.stdout.decode(errors="replace")
        check(expect is None or run.returncode == expect,
              f"{command[0]} ended with {run.returncode}: {out}{run.stderr.decode(errors='replace')}")
        return out

    def on_exit(self, action):
        self._cleanup.append(action)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program) and not os.path.exists(f"/usr/sbin/{program}"):
                raise Skip(f"{program} is not installed (deploy/setup.sh --tests)")

    def close(self):
        """Ends everything; the first complaint is raised once all is down."""
        first = None
        while self._cleanup:
            try:
                self._cleanup.pop()()
            except Exception as error:  # the rest must come down too
                first = first or error
        if first:
            raise first

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def raise_file_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
