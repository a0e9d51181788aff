"""A domain's web server says by MTA-STS which hosts take its mail, with certificates of known authorities: others get
nothing, and what was promised once holds over a restart."""

from _peers import queued, wait_queue_empty
from lib import WebServer, check, check_equal, wait_until
from mail_goes_by_mx import BODY, host
from support.certificates import Authority, authority

RETRY = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}
ZONE = ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73", "_mta-sts 60 IN TXT \"v=STSv1; id=1;\"",
        "mta-sts 60 IN A 127.0.0.74"]


class PolicyServer(WebServer):
    """The web server of the policy, at 127.0.0.74."""

    def __init__(self, text):
        self.text = text
        super().__init__("127.0.0.74", 443, authority().server(names=("mta-sts.foreign.example",), label="-sts"))

    def answer(self, request):
        return 200, "text/plain", self.text.encode()


def policy(mode, pattern="mx.foreign.example"):
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {pattern}\r\nmax_age: 86400\r\n"


def relay(ctx, text):
    web = ctx.keep(PolicyServer(text))
    names = ctx.name_server({"foreign.example": ZONE})
    route = {"domain": "*", "next_hop": "mx", "tls_ca_file": authority().ca}
    return web, ctx.server(config={"dns": {"servers": [names.address]}, "queue": RETRY, "route": [route]})


def good_pair():
    return authority().server(names=("mx.foreign.example",), label="-dane")


def test_an_enforced_policy_wants_a_certificate_that_is_good(ctx):
    peer = host(ctx, "127.0.0.73", pair=good_pair())
    web, server = relay(ctx, policy("enforce", "*.foreign.example"))
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    peer.wait(1, 30 * ctx.patience)
    wait_queue_empty(server)
    event = next(e for e in server.events("tls") if "127.0.0.73" in e.get("remote", ""))
    check_equal((event["result"], event["verified_by"]), ("ok", "pkix"), "the handshake")
    check_equal([(request.headers["Host"], request.path) for request in web.asked],
                [("mta-sts.foreign.example", "/.well-known/mta-sts.txt")], "requests")


def test_a_strangers_certificate_and_a_host_without_tls_get_nothing_not_even_after_a_restart(ctx):
    stranger = Authority(ctx.folder / "stranger").server(names=("mx.foreign.example",))
    peer = host(ctx, "127.0.0.73", pair=stranger)
    web, server = relay(ctx, policy("enforce"))
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: server.events("defer"), 30 * ctx.patience, "a deferral")
    check_equal(server.events("defer")[0]["enhanced"], "4.7.5", "enhanced code")
    web.text = "nothing"
    peer.tls = None
    server.restart()
    wait_until(lambda: server.events("defer") and server.events("defer")[-1]["enhanced"] == "4.7.4", 30 * ctx.patience,
               "a deferral without TLS")
    check_equal((len(web.asked), queued(server), peer.messages), (1, 1, []), "requests, queued, taken")


def test_a_host_that_the_policy_does_not_name_is_left_alone(ctx):
    peer = host(ctx, "127.0.0.73", pair=good_pair())
    _, server = relay(ctx, policy("enforce", "other.foreign.example"))
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    wait_until(lambda: server.events("defer"), 30 * ctx.patience, "a deferral")
    check("MTA-STS" in server.events("defer")[0]["reply"], "the reason")
    check_equal(peer.connections, 0, "connections")


def test_a_policy_in_testing_stops_nothing(ctx):
    peer = host(ctx, "127.0.0.73")
    _, server = relay(ctx, policy("testing", "other.foreign.example"))
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")
    check_equal(peer.wait(1, 30 * ctx.patience)[0]["tls"], None, "in clear text")
    wait_until(lambda: any("testing" in event.get("operation", "") for event in server.events("warning")),
               30 * ctx.patience, "a warning")
