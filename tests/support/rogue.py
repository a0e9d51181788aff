"""Next hops whose conversation is a function over the bare connection: they do what no mail server does."""

import contextlib
import os
import socket
import socketserver
import ssl
import struct
import threading
import time

from support.base import check


class Talk:
    """One connection, as its rogue sees it."""

    def __init__(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what was said leaves before a reset does
        self.connection = connection
        self.bare = connection
        self.pending = b""
        self.heard = []

    def say(self, octets):
        self.connection.sendall(octets if isinstance(octets, bytes) else octets.encode() + b"\r\n")

    def hear(self):
        """The next line, without its end; ConnectionError when there is none."""
        while b"\n" not in self.pending:
            octets = self.connection.recv(65536)
            if not octets:
                raise ConnectionResetError
            self.pending += octets
        line, self.pending = self.pending.split(b"\n", 1)
        self.heard.append(line.rstrip(b"\r").decode(errors="replace"))
        return self.heard[-1]

    def hear_message(self):
        while self.hear() != ".":
            pass

    def behave_until(self, verb, offers=(), greet=True):
        """Everything as it should be, up to the command `verb`, which is not answered; "." is the end of a message."""
        if greet:
            self.say("220 rogue.example ESMTP")
        while True:
            said = self.hear().split(" ")[0].split(":")[0].upper()
            if said == verb:
                return
            if said == "EHLO":
                lines = ["rogue.example", *offers]
                self.say("\r\n".join(f"250{'-' if line != lines[-1] else ' '}{line}" for line in lines))
            elif said == "DATA":
                self.say("354 go ahead")
                if verb == "DATA block":
                    return
                self.hear_message()
                if verb == ".":
                    return
                self.say("250 2.0.0 taken")
            else:
                self.say("221 2.0.0 bye" if said == "QUIT" else "250 2.0.0 ok")

    def start_tls(self, pair):
        """A real handshake; `bare` is then the connection beneath."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.bare = socket.socket(fileno=os.dup(self.connection.fileno()))
        self.connection = context.wrap_socket(self.connection, server_side=True)

    def keep_silent(self):
        while self.connection.recv(65536):
            pass

    def half_close(self):
        """Says no more, and listens until the other side goes."""
        self.connection.shutdown(socket.SHUT_WR)
        self.keep_silent()

    def reset(self):
        """RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError


def at(verb, *steps, offers=()):
    """Behaves until `verb` (None: from the first octet), then does the steps: a text is said as a line, octets as they
    are, a function is called with the Talk. Then nothing more is said."""
    def act(talk):
        if verb is not None:
            talk.behave_until(verb, offers)
        for step in steps:
            step(talk) if callable(step) else talk.say(step)
        talk.keep_silent()
    return act


def drown(octets):
    """Says this without end, until the other side has enough."""
    def step(talk):
        while True:
            talk.connection.sendall(octets)
    return step


def drip(octets, pause):
    """One octet at a time, with a pause of so many seconds behind each."""
    def step(talk):
        for octet in octets:
            talk.connection.sendall(bytes([octet]))
            time.sleep(pause)
    return step


class Rogue:
    """A next hop that does `act` (a function of a Talk) with every connection."""

    def __init__(self, act):
        self.connections = 0
        self.open_now = 0
        self.troubles = []
        self.lock = threading.Lock()
        rogue = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with rogue.lock:
                    rogue.connections += 1
                    rogue.open_now += 1
                try:
                    with contextlib.suppress(OSError):
                        act(Talk(self.request))
                except Exception as trouble:  # of the test, not of the server
                    rogue.troubles.append(repr(trouble))
                with rogue.lock:
                    rogue.open_now -= 1

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

            def shutdown_request(self, request):
                request.close()  # without the shutdown that would turn a reset into an orderly end

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def next_hop(self, scheme="smtp"):
        return f"{scheme}://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        check(not self.troubles, f"the rogue itself failed: {self.troubles[:3]}")
