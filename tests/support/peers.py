"""Next hops to deliver to: one that misbehaves on purpose, one that is fast."""

import contextlib
import pathlib
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time

from support.base import (binary, check, end_process, free_port, patience, sanitizer_environment, sanitizer_wrapper, wait_until)


class Peer:
    """A next hop written in Python that can misbehave on purpose.

    `replies` maps a verb (GREETING, EHLO, MAIL, RCPT, DATA, "." for the end of the message, RSET, QUIT) to a reply line
    or to a function(peer, command text) that returns one; None closes the connection without a reply. `delay` is the
    same map in seconds. What arrived whole stands in `messages`: dicts with sender, recipients, body, helo, tls (the
    version, or None). With `pair` (support/certificates.py) it offers STARTTLS; `extensions` are lines it adds to its
    answer to EHLO.
    """

    def __init__(self, replies=None, delay=None, host="127.0.0.1", port=0, pair=None, extensions=()):
        self.replies = dict(replies or {})
        self.delay = dict(delay or {})
        self.messages = []
        self.commands = []
        self.connections = 0
        self.connections_now = 0
        self.connections_peak = 0
        self.lock = threading.Lock()
        self.extensions = list(extensions)
        self.tls = None
        if pair is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pair.certificate, pair.key)
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with peer.lock:
                    peer.connections += 1
                    peer.connections_now += 1
                    peer.connections_peak = max(peer.connections_peak, peer.connections_now)
                with contextlib.suppress(ConnectionError, TimeoutError, ValueError, ssl.SSLError):
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
                lines = ["peer.example", "PIPELINING", "8BITMIME", "SIZE 104857600", *self.extensions]
                lines += ["STARTTLS"] if self.tls and not isinstance(handler.connection, ssl.SSLSocket) else []
                extensions = "".join(f"250-{line}\r\n" for line in lines) + "250 ENHANCEDSTATUSCODES"
                self._answer(handler, "EHLO", text, "250 peer.example" if verb == "HELO" else extensions)
            elif verb == "STARTTLS" and self.tls:
                if self._answer(handler, verb, text, "220 2.0.0 go ahead") == "2":
                    handler.connection = self.tls.wrap_socket(handler.connection, server_side=True)
                    handler.rfile = handler.connection.makefile("rb")
                    handler.wfile = handler.connection.makefile("wb", 0)
            elif verb == "MAIL":
                message = {"sender": path_of(text), "recipients": [], "helo": helo, "mail": text,
                           "tls": handler.connection.version() if isinstance(handler.connection, ssl.SSLSocket) else None}
                self._answer(handler, verb, text, "250 2.1.0 ok")
            elif verb == "RCPT":
                if self._answer(handler, verb, text, "250 2.1.5 ok") == "2":
                    message["recipients"].append(path_of(text))
            elif verb == "DATA":
                # RFC 5321 section 3.3: nobody to take it for. A pipelining client has sent DATA all the same.
                default = "354 go ahead" if message["recipients"] else "554 5.5.1 no valid recipients"
                if self._answer(handler, verb, text, default) == "3":
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
        end_process(self.process)
        return self.log_path.read_text(errors="replace")
