"""A thousand encrypted sessions at the same time; while all are open some log in and send: all are served, and no sanitizer
complains."""

import asyncio

from lib import ALICE, base64_text, check, check_equal
from support.certificates import HOST
from support.people import client_context

SESSIONS = 1000
SENDERS = 40  # a password costs the server a hash
HANDSHAKES_AT_ONCE = 50


class Talk:
    """One session. A reply is its code and its text."""

    def __init__(self, address, context, patience):
        self.address, self.context, self.seconds = address, context, 60 * patience

    async def open(self, gate):
        async with gate:
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(*self.address, ssl=self.context, server_hostname=HOST,
                                        ssl_handshake_timeout=self.seconds), self.seconds)
            await self.reply("220")
            await self.say("EHLO client.example.net", "250")

    async def log_in(self, person):
        await self.say("AUTH PLAIN " + base64_text(f"\0{person.login}\0{person.password}"), "235")

    async def send(self, person, number):
        await self.say(f"MAIL FROM:<{person.address}>", "250")
        await self.say("RCPT TO:<box@far.example>", "250")
        await self.say("DATA", "354")
        await self.say(f"From: {person.address}\r\nSubject: {number}\r\n\r\n" + "x" * 70 + "\r\n.", "250")

    async def close(self):
        await self.say("QUIT", "221")
        self.writer.close()

    async def say(self, text, code):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()
        return await self.reply(code)

    async def reply(self, code):
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            line = await asyncio.wait_for(self.reader.readline(), self.seconds)
            check(line.endswith(b"\r\n"), f"the connection was closed; {code} was due")
            lines.append(line)
        check(lines[0].startswith(code.encode()), f"answered {b''.join(lines)!r} instead of {code}")


async def all_at_once(address, context, patience, sessions_open):
    gate = asyncio.Semaphore(HANDSHAKES_AT_ONCE)
    talks = [Talk(address, context, patience) for _ in range(SESSIONS)]
    await asyncio.gather(*(talk.open(gate) for talk in talks))
    sessions_open()
    hashes = asyncio.Semaphore(4)

    async def log_in(talk):
        async with hashes:
            await talk.log_in(ALICE)

    senders = talks[:SENDERS]
    await asyncio.gather(*(log_in(talk) for talk in senders))
    await asyncio.gather(*(talk.send(ALICE, number) for number, talk in enumerate(senders)))
    await asyncio.gather(*(talk.say("NOOP", "250") for talk in talks))
    await asyncio.gather(*(talk.close() for talk in talks))


def test_thousand_tls_sessions_at_once(ctx):
    server = ctx.secure_server(config={"limits": {"sessions_per_client_max": SESSIONS + 10}})

    def sessions_open():
        now = server.metrics()["ringpost_sessions"]
        check(now >= SESSIONS, f"only {now} sessions are open")
    asyncio.run(all_at_once(server.address(2), client_context(), ctx.patience, sessions_open))
    check_equal(len(server.events("accept")), SENDERS, "messages taken")
    check_equal(len([e for e in server.events("tls") if e.get("result") == "ok"]), SESSIONS, "handshakes")
    check_equal([e for e in server.events("tls") if e.get("result") != "ok"], [], "handshakes that failed")
