"""What testssl.sh and sslscan look for, on 465 and on 587 behind STARTTLS, with the configuration nobody touched: nothing
of severity MEDIUM or worse."""

import concurrent.futures
import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

from lib import check
from support.certificates import authority

PRESETS = ["release"]

# What testssl.sh says of a private authority, not of the server.
OF_THE_TEST_AUTHORITY = {
    "cert_chain_of_trust": "no browser knows the authority of the tests",
    "cert_revocation": "it publishes neither revocation lists nor an OCSP responder",
    "cert_trust": "the name is not the number that is scanned",
    "DNS_CAArecord": "example.test has no DNS",
}
HARMLESS = {"OK", "INFO", "LOW", "WARN", "DEBUG"}
LONG_ENOUGH = 200  # days: a certificate that expires soon is a finding
WEAK = ("RC4", "3DES", "DES-", "MD5", "NULL", "EXP", "ADH", "AECDH", "-SHA ", "SEED", "IDEA", "CAMELLIA")


def scanned_server(ctx):
    pairs = [authority().server(kind, days=LONG_ENOUGH, label="-long") for kind in ("p256", "rsa")]
    return ctx.secure_server(certificates=pairs, config={"limits": {"sessions_per_client_max": 200}})


def testssl(ctx, server, role):
    """The findings of testssl.sh as (id, severity, text)."""
    found = ctx.folder / f"testssl-{role}.json"
    target = f"127.0.0.1:{server.port_of(role)}"
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "-p", "-s", "-f", "-P", "-S", "-U",
               "--jsonfile", found, *(["--starttls", "smtp"] if role == "submission" else []), target]
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=600, stdin=subprocess.DEVNULL,
                          env=os.environ | {"TERM": "dumb"})
    check(found.exists(), f"testssl.sh left no findings: {done.stdout.decode(errors='replace')[-2000:]}")
    return [(entry["id"], entry["severity"], entry["finding"]) for entry in json.loads(found.read_text())]


def test_testssl_finds_nothing_of_medium_or_worse(ctx):
    ctx.need("testssl")
    server = scanned_server(ctx)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        scans = {role: pool.submit(testssl, ctx, server, role) for role in ("submission", "submissions")}
    for role, scan in scans.items():
        findings = scan.result()
        bad = [f for f in findings if f[1] not in HARMLESS and f[0].split(" ")[0] not in OF_THE_TEST_AUTHORITY]
        check(not bad, f"testssl.sh at {role}: {bad}")
        spoken = {name: text for name, _, text in findings}
        check("offered" in spoken.get("TLS1_3", ""), f"testssl.sh saw no TLS 1.3 at {role}: it did not scan the server")
        check(any(f[0].startswith("LUCKY13") or f[0] == "heartbleed" for f in findings), "no vulnerabilities were looked for")


def test_sslscan_finds_nothing_weak(ctx):
    ctx.need("sslscan")
    server = scanned_server(ctx)
    for role in ("submission", "submissions"):
        said = ctx.run("sslscan", "--no-colour", "--xml=-", *(["--starttls-smtp"] if role == "submission" else []),
                       f"127.0.0.1:{server.port_of(role)}")
        root = ElementTree.fromstring(said[said.index("<?xml"):])
        enabled = {(p.get("type"), p.get("version")) for p in root.iter("protocol") if p.get("enabled") == "1"}
        check(enabled == {("tls", "1.2"), ("tls", "1.3")}, f"protocols at {role}: {enabled}")
        ciphers = [(c.get("cipher"), int(c.get("bits")), c.get("strength")) for c in root.iter("cipher")]
        check(len(ciphers) >= 3, f"sslscan saw no ciphers at {role}: {said}")
        weak = [c for c in ciphers if c[1] < 128 or c[2] in ("weak", "null", "anonymous", "medium")
                or any(word in c[0] + " " for word in WEAK)]
        check(not weak, f"weak ciphers at {role}: {weak}")
        check(not [h for h in root.iter("heartbleed") if h.get("vulnerable") == "1"], f"heartbleed at {role}")
        check(not [c for c in root.iter("compression") if c.get("supported") == "1"], f"compression at {role}")
        check(not [g for g in root.iter("group") if int(g.get("bits")) < 112], f"weak groups at {role}")
