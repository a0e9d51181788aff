"""A ringpost process of one's own."""

import contextlib
import json
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

from support.base import (Failure, SANITIZER, binary, check, check_equal, patience, sanitizer_environment, sanitizer_wrapper,
                          split_address, wait_until)
from support.client import Client
from support.config import DOMAIN, base_config, merge, to_toml


class Server:
    """One `ringpost serve` with a folder of its own.

    `config` is laid over base_config(folder) key by key (tables are merged, lists replaced), `extra` is TOML text put
    behind it. Ports are picked by the kernel at the first start and kept across restart(), so that peers find it again.
    """

    def __init__(self, folder, preset="release", config=None, extra="", wrapper=(), environment=None, arguments=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.preset = preset
        self.patience = patience(preset)
        self.config = base_config(self.folder)
        merge(self.config, config or {})
        self.extra = extra
        self.wrapper = list(wrapper)
        self.arguments = list(arguments)  # of `serve`
        self.environment = environment or {}
        self.log_path = self.folder / "server.log"
        self.config_path = self.folder / "ringpost.toml"
        self.process = None
        self.listeners = []  # "host:port", in the order of the configuration
        self.admin = None
        self.cli_error = ""  # stderr of the last cli()

    # -- life

    def start(self, ready=True):
        check(self.process is None, "this server runs already")
        self.write_config()
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, *sanitizer_wrapper(self.preset), str(binary(self.preset)), "serve", "-c", str(self.config_path),
                 *self.arguments],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(sanitizer_environment(self.preset), **self.environment), cwd=self.folder)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        self._wait_while_alive(self._all_bound, seconds, "start events with every address in the log")
        for entry, address in zip(self.config["listener"], self.listeners):
            entry["address"] = address
        if self.admin:
            self.config["admin"]["address"] = self.admin
        self.write_config()  # the command line tools read the same file and need the port that was picked
        if self.admin:
            self._wait_while_alive(lambda: self.http("/health/ready")[0] == 200, seconds, "ready on the admin address")
        return self

    def write_config(self):
        self.config_path.write_text(to_toml(self.config) + self.extra)

    def _all_bound(self):
        """Reads the bound addresses from the start events: all in one event, or one event for each listener."""
        listeners, admin = [], None
        for event in self.events("start"):
            if "listeners" in event:
                listeners = [_listener_address(entry) for entry in as_list(event["listeners"])]
            elif event.get("listener") == "admin":
                admin = event["address"]
            elif "listener" in event and event["address"] not in listeners:
                listeners.append(event["address"])
            admin = event.get("admin") or admin
        self.listeners, self.admin = listeners, admin
        wants_admin = self.config["admin"]["address"] != ""
        return len(listeners) == len(self.config["listener"]) and (admin or not wants_admin)

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

    def client(self, index=0, source=None, timeout=None, port=None):
        host, port = ("127.0.0.1", port) if port else self.address(index)
        return Client(host, port, source=source, timeout=timeout or 15 * self.patience)

    def send(self, recipients, body="Subject: test\r\n\r\nhello\r\n", sender="sender@example.test", source=None):
        """One message in a session of its own; returns the queue ID of the 250."""
        with self.client(source=source) as client:
            client.greet()
            return client.send(sender, recipients, body)


def _listener_address(entry):
    return entry if isinstance(entry, str) else entry["address"]


def as_list(value):
    return value.replace(",", " ").split() if isinstance(value, str) else value
