"""The cases about memory and start-up, measured on ringpost alone. Each returns a dict: what -> value."""
import contextlib
import resource
import signal
import socket
import ssl
import statistics
import time

import certificates
from cases import Case
from peers.base import RECIPIENT, SENDER, wait_for_banner
from peers.load import LoadFailed, SmtpSource, fastest_generator
from peers.measure import MemoryWatch, resident_kib


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def idle_sessions(peer, options):
    """Ten thousand sessions that said EHLO and then nothing: what each holds, and how a new one fares meanwhile."""
    count = int(10_000 * options.scale)
    with started(peer):
        before = settled_kib(peer)
        sessions = []
        try:
            for _ in range(count):
                sessions.append(greeted(peer.port))
            during = settled_kib(peer)
            waits = []
            for _ in range(50):
                begin = time.monotonic()
                greeted(peer.port).close()
                waits.append((time.monotonic() - begin) * 1000)
        finally:
            for session in sessions:
                session.close()
        after = settled_kib(peer)
    return {"sessions": count, "rss_before_MiB": before / 1024, "rss_with_sessions_MiB": during / 1024,
            "rss_KiB_per_session": (during - before) / count, "rss_after_MiB": after / 1024,
            "new_session_EHLO_answered_ms_median": statistics.median(waits), "new_session_EHLO_answered_ms_max": max(waits)}


def idle_tls_sessions(peer, options):
    """Two thousand sessions that did a handshake, said EHLO and then nothing: what each holds."""
    count = max(1, int(2_000 * options.scale))
    peer.certificate = certificates.certificate(options.cache, "p256")
    with started(peer):
        before = settled_kib(peer)
        sessions = []
        try:
            for _ in range(count):
                sessions.append(secured(peer.port))
            during = settled_kib(peer)
        finally:
            for session in sessions:
                session.close()
        after = settled_kib(peer)
    return {"sessions": count, "rss_before_MiB": before / 1024, "rss_with_sessions_MiB": during / 1024,
            "rss_KiB_per_session": (during - before) / count, "rss_after_MiB": after / 1024}


def long_queue(peer, options):
    """A million deferred messages: resident memory, and how soon after a start the first message is accepted."""
    count = int(1_000_000 * options.scale)
    case = Case("queue", 50, 1024, count, count)
    generator = fastest_generator(options)
    with started(peer):
        empty = settled_kib(peer)
        watch = MemoryWatch(peer.group)
        watch.start()
        begin = time.monotonic()
        generator.run(peer, case, count, max(options.timeout, count / 500))
        filled = time.monotonic() - begin
        time.sleep(2)
        full, peak = settled_kib(peer), watch.stop()
        clean = restart(peer, signal.SIGTERM)
        queued = peer.total("queue_messages")
        crash = restart(peer, signal.SIGKILL)
        again = settled_kib(peer)
    if queued < count:
        raise LoadFailed(f"after the restart the queue has {queued:g} messages instead of {count}")
    return {"messages": count, "filled_in_s": filled, "rss_empty_MiB": empty / 1024, "rss_full_MiB": full / 1024,
            "rss_peak_MiB": peak / 1024, "rss_after_restart_MiB": again / 1024,
            "accepting_after_SIGTERM_restart_s": clean, "accepting_after_SIGKILL_restart_s": crash}


def large_messages(peer, options):
    """A hundred messages of 50 MiB at the same time must not need a hundred times 50 MiB."""
    count = max(1, int(100 * options.scale))
    case = Case("large", count, 50 << 20, count, count)
    with started(peer):
        before = settled_kib(peer)
        watch = MemoryWatch(peer.group, 0.1)
        watch.start()
        load = SmtpSource().run(peer, case, count, options.timeout)
        peak = watch.stop()
    return {"messages": count, "rss_before_MiB": before / 1024, "rss_peak_MiB": peak / 1024,
            "MiB_per_second": count * 50 / load.seconds}


@contextlib.contextmanager
def started(peer):
    peer.last_log = ""
    peer.start()
    try:
        yield
    finally:
        peer.last_log = peer.log()
        peer.stop()


def settled_kib(peer):
    time.sleep(1)
    return resident_kib(peer.process.pid)


def restart(peer, number):
    """Ends and starts the server; seconds from exec to the 250 of a first message."""
    peer.process.send_signal(number)
    peer.process.wait(120)
    begin = time.monotonic()
    peer.run()
    wait_for_banner(peer.port, 120, lambda: peer.process.poll() is None)
    hand_in(peer, SENDER, RECIPIENT)
    return time.monotonic() - begin


def hand_in(peer, sender, recipient):
    """One small message over a connection of its own."""
    with contextlib.closing(greeted(peer.port)) as session:
        for line, code in ((f"MAIL FROM:<{sender}>", b"250"), (f"RCPT TO:<{recipient}>", b"250"), ("DATA", b"354"),
                           ("Subject: one\r\n\r\none\r\n.", b"250")):
            said(session, line, code)


def greeted(port):
    session = socket.create_connection(("127.0.0.1", port), 30)
    answer(session, b"220")
    said(session, "EHLO idle.example.net", b"250")
    return session


def secured(port):
    """As greeted(), over TLS; the certificate is one that nobody can verify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    session = greeted(port)
    said(session, "STARTTLS", b"220")
    session = context.wrap_socket(session)
    said(session, "EHLO idle.example.net", b"250")
    return session


def said(session, line, code):
    session.sendall(line.encode() + b"\r\n")
    answer(session, code)


def answer(session, code):
    octets = b""
    while not octets.endswith(b"\r\n") or octets.splitlines()[-1][3:4] != b" ":
        more = session.recv(4096)
        if not more:
            raise LoadFailed(f"the server closed a session: {octets!r}")
        octets += more
    if not octets.startswith(code):
        raise LoadFailed(f"the server answered {octets!r} where {code!r} was due")
