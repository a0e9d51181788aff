"""A domain's web server says by MTA-STS which hosts take its mail, with certificates of known authorities: others get
nothing, and what was promised once holds over a restart."""

import functools
import http.server
import ssl
import threading

from _peers import queued, wait_queue_empty
from lib import check, check_equal, wait_until
from mail_goes_by_mx import BODY, host
from support.certificates import Authority, authority
from support.name_server import NameServer

RETRY = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}
ZONE = ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73", "_mta-sts 60 IN TXT \"v=STSv1; id=1;\"",
        "mta-sts 60 IN A 127.0.0.74"]


class PolicyServer:
    """The web server of the policy, at 127.0.0.74."""

    def __init__(self, text):
        self.text, self.asked = text, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.headers["Host"], self.path))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(outer.text.encode())

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True

        pair = authority().server(names=("mta-sts.foreign.example",), label="-sts")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.server = Server(("127.0.0.74", 443), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=functools.partial(self.server.serve_forever, 0.05), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def policy(mode, pattern="mx.foreign.example"):
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {pattern}\r\nmax_age: 86400\r\n"


def relay(ctx, text):
    ctx.need("nsd")
    web = PolicyServer(text)
    ctx.on_exit(web.stop)
    names = NameServer(ctx.folder / "nsd", {"foreign.example": ZONE})
    ctx.on_exit(names.stop)
    names.wait()
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
    check_equal(web.asked, [("mta-sts.foreign.example", "/.well-known/mta-sts.txt")], "requests")


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
