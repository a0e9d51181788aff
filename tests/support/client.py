"""An SMTP client that hides nothing."""

import base64
import re
import socket
import ssl

from support.base import Failure, check


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

    def secure(self, context, name):
        """TLS from here on. What the server said in clear text must all have been read."""
        check(self.unread == b"", f"clear text behind the reply that invites TLS: {self.unread!r}")
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        except OSError as error:
            raise Failure(f"TLS handshake: {error}") from None
        return self

    def starttls(self, context, name, ehlo="client.example.net"):
        """After greet(): the upgrade, and EHLO again, since nothing learnt before it counts."""
        self.command("STARTTLS", 220)
        self.secure(context, name)
        return self.hello(ehlo)

    def line(self):
        while b"\r\n" not in self.unread:
            try:
                octets = self.socket.recv(65536)
            except TimeoutError:
                raise Failure(f"no reply in {self.socket.gettimeout():g} s; unread: {self.unread!r}") from None
            except (ConnectionResetError, ssl.SSLError):
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

    def auth_plain(self, login, password, expect=235):
        return self.command("AUTH PLAIN " + base64_text(f"\0{login}\0{password}"), expect)

    def mechanisms(self):
        """What EHLO listed behind AUTH; empty where it did not list it."""
        return next((words.split()[1:] for words in self.extensions if words.split()[0] == "AUTH"), [])

    def greet(self, name="client.example.net"):
        self.expect(220, "connect")
        return self.hello(name)

    def hello(self, name="client.example.net"):
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
        except (ConnectionResetError, ssl.SSLEOFError):
            return True
        except TimeoutError:
            return False


def stuff(body):
    """Body octets as DATA wants them: dots doubled, ends with CRLF."""
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = re.sub(rb"(^|(?<=\r\n))\.", b"..", body)
    return body


def base64_text(octets):
    return base64.b64encode(octets if isinstance(octets, bytes) else octets.encode()).decode()


def queue_id(reply):
    match = re.search(rb"queued as (\S+)", reply.lines[-1])
    check(match, f"no queue ID in {reply!r}")
    return match.group(1).decode()
