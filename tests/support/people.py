"""A server that knows people: TLS with certificates of the tests, accounts in a file, and one listener of each role."""

import contextlib
import secrets
import ssl

from support.base import Failure, check, wait_until
from support.certificates import HOST, authority
from support.config import merge
from support.server import Server

ROLES = ["mx", "submission", "submissions"]


class Person:
    def __init__(self, login, name, password, addresses):
        self.login, self.name, self.password, self.addresses = login, name, password, addresses

    @property
    def address(self):
        return self.addresses[0]


ALICE = Person("alice", "Alice Archer", "correct horse 1", ["alice@example.test", "sales@example.test"])
BOB = Person("bob", "Bob Baker", "battery staple 2", ["bob@example.test"])
PEOPLE = [ALICE, BOB]
_made = {}  # what the files of people hold
REVERSIBLE = ["CRAM-MD5", "DIGEST-MD5", "NTLM"]  # need the password itself


def client_context(client=None, **versions):
    """What a careful client checks; `client` is the certificate it shows."""
    context = ssl.create_default_context(cafile=authority().ca)
    if client:
        context.load_cert_chain(client.certificate, client.key)
    for name, version in versions.items():
        setattr(context, name, version)
    return context


class SecureServer(Server):
    """`mechanisms`: instead of the default ones. `people`: accounts made by `ringpost user add` before the start."""

    def __init__(self, folder, preset="release", config=None, mechanisms=None, people=PEOPLE, certificates=None, **options):
        self.people = people
        pairs = certificates or [authority().server("p256"), authority().server("rsa")]
        own = {"listener": [{"address": "127.0.0.1:0", "role": role} for role in ROLES],
               "tls": {"certificates": [pair.setting for pair in pairs]},
               "auth": {"users": f"file:{folder}/users.toml"},
               "route": [{"domain": "*", "next_hop": "discard:"}]}
        if mechanisms:
            own["auth"]["mechanisms"] = list(mechanisms)
        merge(own, config or {})
        super().__init__(folder, preset, own, **options)
        if self.reversible:
            self.config["auth"]["key_file"] = f"{self.folder}/accounts.key"
            (self.folder / "accounts.key").write_text(secrets.token_hex(32) + "\n")
            (self.folder / "accounts.key").chmod(0o600)

    @property
    def srp(self):
        return "SRP" in self.config["auth"].get("mechanisms", [])

    @property
    def reversible(self):
        return bool(set(self.config["auth"].get("mechanisms", [])) & set(REVERSIBLE))

    def start(self, ready=True):
        if self.people and not (self.folder / "users.toml").exists():
            self._know_people()
        return super().start(ready)

    def _know_people(self):
        """Each password costs its hashes, so the same people are made once in a run and copied then."""
        files = [self.folder / name for name in ("users.toml", "accounts.key")]
        made = _made.setdefault((self.preset, self.reversible, self.srp, tuple(map(id, self.people))), [])
        if made:
            for path, octets in zip(files, made):
                path.write_bytes(octets)
                path.chmod(0o600)
            return
        self.write_config()
        for person in self.people:
            self.add(person)
        made += [path.read_bytes() for path in files if path.exists()]

    def add(self, person):
        addresses = [part for address in person.addresses for part in ("--address", address)]
        self.cli("user", "add", person.login, "--name", person.name, *addresses, "--password-stdin",
                 *(["--reversible"] if self.reversible else []), *(["--srp"] if self.srp else []), stdin=person.password.encode() + b"\n")

    def port_of(self, role):
        return self.address(ROLES.index(role))[1]

    def session(self, role="submission", source=None, context=None, who=None):
        """A client at the listener of this role, greeted, behind TLS (on mx only with a context), logged in as `who`."""
        client = self.client(ROLES.index(role), source=source)
        context = context or (client_context() if role != "mx" else None)
        if role == "submissions":
            client.secure(context, HOST)
        client.greet()
        if role != "submissions" and context:
            client.starttls(context, HOST)
        if who:
            client.auth_plain(who.login, who.password)
        return client

    def logins(self, mechanism=None, result="ok"):
        """The auth events of this process, all or of one mechanism."""
        return [event for event in self.events("auth")
                if mechanism in (None, event.get("mechanism")) and result in (None, event.get("result"))]

    @contextlib.contextmanager
    def one_login(self, mechanism, person, result="ok"):
        """What happens inside must be one login of this person by this mechanism, with this result."""
        before = len(self.logins(result=None))
        yield
        with contextlib.suppress(Failure):
            wait_until(lambda: len(self.logins(result=None)) > before, 5 * self.patience, "an auth event")
        seen = [(e.get("mechanism"), e.get("login"), e.get("result")) for e in self.logins(result=None)[before:]]
        check(seen == [(mechanism, person.login, result)],
              f"the auth events are {seen}, not one of {person.login} by {mechanism} that is {result}\n{self.tail()}")
