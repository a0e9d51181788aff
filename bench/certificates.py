"""The certificates of the TLS cases: self-signed, made once by openssl, the same for every server and every round."""
import dataclasses
import pathlib
import subprocess

from peers.install import Unavailable

NAME = "mail.example.com"
KEYS = {"p256": ("ec", "ec_paramgen_curve:prime256v1"), "rsa2048": ("rsa", "rsa_keygen_bits:2048")}


@dataclasses.dataclass(frozen=True)
class Certificate:
    kind: str
    certificate: str  # PEM
    key: str          # PEM

    def write(self, folder, key_mode=0o644):
        """(path, path) of copies in `folder`, which a server that is no longer root may read."""
        paths = []
        for name, text, mode in (("certificate.pem", self.certificate, 0o644), ("key.pem", self.key, key_mode)):
            path = pathlib.Path(folder) / name
            path.write_text(text)
            path.chmod(mode)
            paths.append(path)
        return tuple(paths)


def certificate(cache, kind):
    folder = pathlib.Path(cache).resolve() / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    chain, key = folder / f"{kind}.pem", folder / f"{kind}.key"
    if not chain.exists():
        algorithm, option = KEYS[kind]
        made = chain.with_suffix(".new")
        command = ["openssl", "req", "-x509", "-newkey", algorithm, "-pkeyopt", option, "-nodes", "-sha256", "-days", "3650",
                   "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(made)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"openssl req: {done.stderr.strip()[-300:]}")
        made.rename(chain)
    return Certificate(kind, chain.read_text(), key.read_text())
