"""What bench/compare.py measures: the cases that every peer, or every peer that is able to, goes through."""
import dataclasses

KIB = 1024


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    sessions: int
    size: int                      # octets of a message; 0: sessions without mail, and they are what is counted
    messages_min: int              # a round sends at least and at most so many; between, what fills --seconds
    messages_max: int
    reconnect: bool = False        # one message per session
    messages_per_session: int = 0  # then QUIT and connect again; 0: the sessions stay open
    relay: bool = False            # until the last message has reached the next hop
    our_sink: bool = False         # which is ringpost-bench's, for our own server only; else smtp-sink
    next_hop_tls: bool = False     # and offers STARTTLS
    certificate: str = ""          # STARTTLS with this kind of certificate (certificates.py); "": in clear text
    tls_version: str = ""          # "1.2" or "1.3" only; "": the newest both sides have
    resume: bool = False           # all but the first handshakes continue an earlier session
    recipient: str = ""            # "": one for all; "{n}" in it counts up, with ringpost-bench
    mechanism: str = ""            # each session logs in by it
    beside: "Case | None" = None   # the same without what the case is about; measured in the same rounds

    @property
    def ours(self):
        """Only ringpost-bench can send it; smtp-source knows neither TLS nor sessions without mail."""
        return not self.size or self.messages_per_session > 0 or bool(self.certificate)


def _secured():
    def bare(name, maximum=20_000, **what):
        return Case(name, 20, 0, 200, maximum, **what)
    plain = Case("accept-plain-20", 20, 10 * KIB, 1000, 100_000, messages_per_session=50)
    large = Case("accept-plain-1MiB", 20, 1024 * KIB, 40, 3_000, messages_per_session=50)
    return [
        bare("tls-handshake-p256-20", certificate="p256"),
        bare("tls-handshake-rsa2048-20", certificate="rsa2048"),
        bare("tls-resumed-20", certificate="p256", resume=True),
        bare("tls-resumed-rsa2048-20", certificate="rsa2048", resume=True),
        bare("tls12-handshake-p256-20", certificate="p256", tls_version="1.2"),
        bare("tls12-resumed-20", certificate="p256", tls_version="1.2", resume=True),
        dataclasses.replace(plain, name="accept-tls-20", certificate="p256", beside=plain),
        dataclasses.replace(large, name="accept-tls-1MiB", certificate="p256", beside=large),
        bare("auth-scram-20", mechanism="SCRAM-SHA-256", beside=bare("auth-none-20")),
    ]


_to_our_sink = Case("relay-clear-20", 20, 10 * KIB, 200, 50_000, relay=True, our_sink=True)

CASES = [
    Case("accept-20", 20, 10 * KIB, 200, 100_000),
    Case("accept-200", 200, 10 * KIB, 400, 100_000),
    Case("reconnect-20", 20, 10 * KIB, 100, 50_000, reconnect=True),
    Case("reconnect-200", 200, 10 * KIB, 400, 50_000, reconnect=True),
    Case("single-1KiB", 1, 1 * KIB, 50, 20_000),
    Case("accept-100KiB", 20, 100 * KIB, 100, 20_000),
    Case("accept-1MiB", 20, 1024 * KIB, 40, 20_000),
    Case("relay-20", 20, 10 * KIB, 200, 50_000, relay=True),
    dataclasses.replace(_to_our_sink, name="relay-tls-20", next_hop_tls=True, beside=_to_our_sink),
    Case("relay-clear-200", 200, 10 * KIB, 400, 50_000, relay=True, our_sink=True),
    *_secured(),
]
