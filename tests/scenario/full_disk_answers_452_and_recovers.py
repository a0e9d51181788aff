"""A disk that fills up costs 452, never a message: what got 250 arrives, and with room again mail is taken again."""

import os
import re
import subprocess

from _peers import relaying, wait_queue_empty
from lib import NotPermitted, check, free_port, stuff, wait_until


def small_disk(ctx, mebibytes):
    """A file system of that size at ctx.folder/disk."""
    place = ctx.folder / "disk"
    place.mkdir()
    image = ctx.folder / "disk.img"
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=False, capture_output=True)
    for command in (["mount", "-o", "loop", image, place], ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", place]):
        if subprocess.run(command, capture_output=True).returncode == 0:
            ctx.on_exit(lambda: subprocess.run(["umount", "-l", place], capture_output=True))
            return place
    raise NotPermitted("mounting a small file system")


def fill(path, leave):
    """A file that takes all but about `leave` octets of the disk."""
    free = os.statvfs(path.parent)
    with open(path, "wb") as file:
        size = max(0, free.f_bavail * free.f_frsize - leave)
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            block = b"\0" * (1 << 20)
            try:
                for _ in range(size >> 20):
                    file.write(block)
            except OSError:
                pass


def answer(server, recipient, body):
    """The code with which a message ended, at whichever command."""
    with server.client() as client:
        client.greet()
        for line in ("MAIL FROM:<a@example.net>", f"RCPT TO:<{recipient}>", "DATA"):
            reply = client.command(line)
            if reply.code >= 400:
                return reply
        client.write(stuff(body) + b".\r\n")
        return client.reply()


def test_low_disk_answers_452_and_recovers(ctx):
    disk = small_disk(ctx, 640)
    server = ctx.server(config={"data_dir": str(disk / "data"), "workers": 1, "queue": {"min_free_disk": "64MiB"}})
    server.send("before@example.test")
    fill(disk / "filler", 32 << 20)
    reply = wait_until(lambda: (r := answer(server, "during@example.test", b"x\r\n")).code >= 400 and r, 15 * ctx.patience,
                       "mail is refused below min_free_disk", 0.2)
    check(reply.text.startswith("452 4.3.1"), f"below min_free_disk the answer is {reply!r}")
    server.wait_mail("before")
    status, _ = server.http("/health/ready")
    check(status == 503, f"/health/ready says {status} with the disk low")
    (disk / "filler").unlink()
    wait_until(lambda: answer(server, "after@example.test", b"x\r\n").code == 250, 15 * ctx.patience, "mail is taken again", 0.2)
    server.wait_mail("after")


def test_full_disk_loses_nothing(ctx):
    disk = small_disk(ctx, 640)
    away = free_port()
    server = ctx.server(config=relaying(f"smtp://127.0.0.1:{away}", min_free_disk="0B") | {
        "data_dir": str(disk / "data"), "workers": 1})
    server.send("kept@foreign.example", b"Subject: first\r\n\r\n")
    fill(disk / "filler", 0)
    taken = 1 + fill_the_spool(server)
    (disk / "filler").unlink()
    wait_until(lambda: answer(server, "after@example.test", b"x\r\n").code == 250, 20 * ctx.patience, "mail is taken again", 0.2)
    server.wait_mail("after")
    server.restart(crash=True)
    peer = ctx.peer(port=away)
    server.cli("queue", "retry", "--all")
    peer.wait(taken, 60 * ctx.patience)
    wait_queue_empty(server)
    ids = {re.search(rb"\bid (\w{26})\b", m["body"]).group(1) for m in peer.messages}
    check(len(ids) == taken, f"{taken} messages were taken, {len(ids)} arrived")


def fill_the_spool(server):
    """Hands in messages that stay queued until several were refused; returns how many got 250."""
    body = b"Subject: full\r\n\r\n" + b"0123456789abcdef\r\n" * 60_000
    taken = refused = 0
    while refused < 5:
        check(taken < 700, "a disk of 640 MiB took more than 700 MiB")
        reply = answer(server, "kept@foreign.example", body)
        check(reply.code in (250, 421, 451, 452), f"a full disk is answered {reply!r}")
        taken += reply.code == 250
        refused += reply.code != 250
    check(server.process.poll() is None, f"the server ended on a full disk\n{server.tail()}")
    return taken
