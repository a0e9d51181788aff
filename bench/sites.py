#!/usr/bin/env python3
"""How many connections a thousand domains with the same MX host cost, one message each, and how long that takes.

    bench/sites.py [--binary build/release/ringpost] [--domains 1000] [--rounds 3]

The mail is accepted while all of it is suspended and timed from `queue resume` to the last arrival. Needs nsd, and port 25
of 127.0.0.77.
"""

import argparse
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

import support.base  # noqa: E402
import support.server  # noqa: E402
from support.base import wait_until  # noqa: E402
from support.name_server import NameServer  # noqa: E402

SENDER = "sender@example.test"
HOST = "127.0.0.77"
ZONE = ["* 60 IN MX 10 mx", f"mx 60 IN A {HOST}"]
BODY = "From: sender@example.test\r\nSubject: x\r\n\r\n" + "text\r\n" * 100


def round_of(arguments, folder):
    names = NameServer(folder / "nsd", {"many.example": ZONE})
    sink = subprocess.Popen([arguments.bench, "sink", "--listen", f"{HOST}:25", "--json"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    server = support.server.Server(folder, config={"workers": 1, "dns": {"servers": [names.address]},
                                                   "log": {"level": "info"}})
    try:
        names.wait()
        server.start()
        server.cli("queue", "suspend", "--sender", SENDER)
        with server.client() as client:
            client.greet()
            for number in range(arguments.domains):
                client.send(SENDER, f"rcpt@d{number}.many.example", BODY)
        started = time.monotonic()
        server.cli("queue", "resume", "--sender", SENDER)
        wait_until(lambda: len(server.events("deliver")) >= arguments.domains, 900, "all of it", 0.05)
        took = time.monotonic() - started
    finally:
        server.stop()
        sink.send_signal(signal.SIGTERM)
        said = sink.communicate(timeout=20)[0]
        report = json.loads(said[said.index("{"):])  # behind the line with its address
        names.stop()
    return report["connections"], report["messages"], arguments.domains / took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/ringpost"))
    parser.add_argument("--bench", default=str(ROOT / "build/release/ringpost-bench"))
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    support.server.binary = lambda preset: pathlib.Path(arguments.binary)
    results = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="ringpost-sites-") as folder:
            results.append(round_of(arguments, pathlib.Path(folder)))
            print("connections %d, messages %d, %.0f/s" % results[-1])
    print("median: %d connections, %.0f messages/s" % (statistics.median(r[0] for r in results),
                                                       statistics.median(r[2] for r in results)))


if __name__ == "__main__":
    main()
