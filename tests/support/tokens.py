"""An authority that issues tokens: JWTs signed by the openssl program, its key set, and an endpoint that is asked about
tokens (RFC 7662)."""

import base64
import json
import pathlib
import re
import subprocess
import time
import urllib.parse

from support.certificates import openssl
from support.web_server import WebServer

ISSUER = "https://login.example.test/"
AUDIENCE = "ringpost"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Issuer:
    """Two keys, one of each usual kind; `keys_file` is the set to believe."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = {"ES256": self.folder / "es256.key", "RS256": self.folder / "rs256.key"}
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.keys["ES256"])
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.keys["RS256"])
        self.keys_file = self.folder / "keys.json"
        self.keys_file.write_text(json.dumps(self.key_set()))

    def key_set(self):
        point = _public(self.keys["ES256"], "pub")[1:]  # 04, x, y
        return {"keys": [
            {"kty": "EC", "use": "sig", "alg": "ES256", "kid": "ES256", "crv": "P-256", "x": base64url(point[:32]),
             "y": base64url(point[32:])},
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "RS256", "e": "AQAB",
             "n": base64url(_modulus(self.keys["RS256"]))}]}

    def claims(self, login, **changes):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "4711", "preferred_username": login, "scope": "mail.send",
                  "iat": now, "nbf": now - 5, "exp": now + 600}
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, login, algorithm="ES256", key=None, header=None, **changes):
        """A JWT; `changes` to its claims, None takes one away."""
        head = {"alg": algorithm, "typ": "JWT", "kid": algorithm} | (header or {})
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, self.claims(login, **changes)))
        return text + "." + base64url(self.sign(text.encode(), algorithm, key))

    def sign(self, octets, algorithm, key=None):
        path = key or self.keys[algorithm]
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", path], input=octets, capture_output=True, check=True)
        return done.stdout if algorithm == "RS256" else _raw(done.stdout)


def _public(key, field):
    """The octets openssl prints below `field:`."""
    text = openssl("pkey", "-in", key, "-noout", "-text_pub")
    digits = re.search(rf"{field}:\s*((?:[0-9a-f]{{2}}:?\s*)+)", text).group(1)
    return bytes.fromhex(re.sub(r"[:\s]", "", digits))


def _modulus(key):
    return bytes.fromhex(openssl("rsa", "-in", key, "-noout", "-modulus").strip().partition("=")[2])


def _raw(der):
    """r and s, 32 octets each, of a DER signature (RFC 7518 3.4)."""
    first = 4 + der[3]
    r, s = der[4:first], der[first + 2:first + 2 + der[first + 1]]
    return b"".join(int.from_bytes(part, "big").to_bytes(32, "big") for part in (r, s))


class TokenEndpoint(WebServer):
    """Answers /introspect and /keys. `active`: {token: claims}; `down`: answers 503."""

    def __init__(self, key_set=None, client=("ringpost", "s3cret")):
        self.active, self.key_set, self.down = {}, key_set, False
        self.wanted = "Basic " + base64.b64encode(":".join(client).encode()).decode()
        super().__init__()

    def answer(self, request):
        status, value = self._keys() if request.method == "GET" else self._verdict(request)
        return status, "application/json", json.dumps(value).encode()

    def _keys(self):
        return 503 if self.down else 200, self.key_set

    def _verdict(self, request):
        if request.headers.get("Authorization") != self.wanted:
            return 401, {"error": "invalid_client"}
        claims = self.active.get(urllib.parse.parse_qs(request.body.decode()).get("token", [""])[0])
        return 503 if self.down else 200, {"active": True} | claims if claims else {"active": False}
