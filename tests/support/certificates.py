"""A certificate authority of the tests, made by the openssl program: server certificates of both kinds, client
certificates, and the spoiled ones. Everything is made once and kept in build/scratch/certificates for some days."""

import contextlib
import fcntl
import pathlib
import shutil
import subprocess
import time

from support.base import ROOT, check

HOST = "mx.example.test"  # the name in the server certificates; clients on loopback say localhost
NAMES = (HOST, "localhost", "127.0.0.1")
DAYS = 30
KEEP_SECONDS = 10 * 24 * 3600  # kept ones are replaced long before they expire
KEYS = {"p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}


class Pair:
    """A certificate and its key, as paths of PEM files."""

    def __init__(self, certificate, key):
        self.certificate, self.key = str(certificate), str(key)

    @property
    def setting(self):
        """An entry of [tls] certificates."""
        return {"certificate": self.certificate, "key": self.key}

    def copy(self, folder, name="server"):
        """The same pair in files of one's own, for stories that change them."""
        pair = Pair(pathlib.Path(folder) / f"{name}.pem", pathlib.Path(folder) / f"{name}.key")
        pair.become(self)
        return pair

    def become(self, other):
        """Replaces both files by those of `other`, each by a rename, as certificate tools do."""
        for source, target in ((other.key, self.key), (other.certificate, self.certificate)):
            shutil.copyfile(source, target + ".new")
            pathlib.Path(target + ".new").rename(target)

    def fingerprint(self):
        """SHA-256 of the leaf, 64 lower-case digits."""
        out = openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return out.partition("=")[2].strip().replace(":", "").lower()


class Authority:
    """One CA. `certificate` makes what is not there yet; the same request gives the same files."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = str(self.folder / "ca.pem")
        with self._alone():
            if not pathlib.Path(self.ca).exists():
                _key("p256", self.folder / "ca.key")
                openssl("req", "-x509", "-new", "-sha256", "-key", self.folder / "ca.key", "-out", self.ca, "-days", DAYS,
                        "-subj", "/O=ringpost tests/CN=ringpost test authority",
                        "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def server(self, kind="p256", names=NAMES, days=DAYS, label=""):
        whose = "" if names is NAMES else f"-{names[0]}"  # stories may choose the same label for other names
        return self.certificate(f"server-{kind}{label}{whose}", kind, names[0], _san(names), "serverAuth", days)

    def client(self, common_name, email=None, kind="p256"):
        san = f"email:{email}" if email else f"DNS:{common_name}.invalid"
        return self.certificate(f"client-{common_name}", kind, common_name, san, "clientAuth", DAYS)

    def certificate(self, label, kind, common_name, san, usage, days):
        pair = Pair(self.folder / f"{label}.pem", self.folder / f"{label}.key")
        with self._alone():
            if not pathlib.Path(pair.certificate).exists():
                self._issue(pair, kind, common_name, san, usage, days)
        return pair

    def _issue(self, pair, kind, common_name, san, usage, days):
        _key(kind, pair.key)
        request, extensions = self.folder / "request.pem", self.folder / "extensions"
        openssl("req", "-new", "-key", pair.key, "-out", request, "-subj", f"/O=ringpost tests/CN={common_name}")
        key_usage = "digitalSignature,keyEncipherment" if kind == "rsa" else "digitalSignature"
        extensions.write_text(f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,{key_usage}\n"
                              f"extendedKeyUsage={usage}\nsubjectAltName={san}\nsubjectKeyIdentifier=hash\n"
                              f"authorityKeyIdentifier=keyid\n")
        made = str(pair.certificate) + ".new"
        openssl("x509", "-req", "-sha256", "-in", request, "-CA", self.ca, "-CAkey", self.folder / "ca.key",
                "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", made)
        pathlib.Path(made).rename(pair.certificate)

    @contextlib.contextmanager
    def _alone(self):
        with open(self.folder / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def authority():
    """The CA of this build folder."""
    folder = ROOT / "build" / "scratch" / "certificates"
    made = folder / "ca.pem"
    if made.exists() and time.time() - made.stat().st_mtime > KEEP_SECONDS:
        shutil.rmtree(folder)
    return Authority(folder)


def openssl(*arguments):
    run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    check(run.returncode == 0, f"openssl {arguments[0]} ended with {run.returncode}: {run.stderr.decode(errors='replace')}")
    return run.stdout.decode(errors="replace")


def _key(kind, path):
    openssl("genpkey", "-algorithm", *KEYS[kind], "-out", path)
    pathlib.Path(path).chmod(0o600)


def _san(names):
    return ",".join(("IP:" if name.replace(".", "").isdigit() else "DNS:") + name for name in names)
