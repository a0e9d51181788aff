"""Mail leaves through a SOCKS5 proxy (microsocks) or one of the PROXY protocol (HAProxy, and a ringpost behind which is
nothing): with the addresses it is told, with a login, and with an error that says whose fault it is."""

import pathlib
import subprocess

from _peers import nobody_listens, wait_queue_empty
from lib import check, check_equal, end_process, free_port, wait_until
from support.base import listens

QUEUE = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}
FAR = "far.test"


def through(ctx, next_hop, proxy, **more):
    return ctx.server(config={"route": [{"domain": FAR, "next_hop": next_hop, "egress_proxy": proxy} | more],
                              "queue": QUEUE}, name="near")


def far_server(ctx, **listener):
    """A ringpost that takes the mail of FAR, in whose mailboxes Received says who came."""
    return ctx.server(config={"listener": [{"address": "127.0.0.1:0", "role": "mx"} | listener],
                              "domain": [{"name": FAR, "deliver": f"maildir:{ctx.folder}/far/{{local}}"}]}, name="far")


def started(ctx, *command, port):
    """A program that listens on `port`, and where its output goes."""
    ctx.need(command[0])
    log = ctx.folder / f"{command[0]}-{port}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL)
    ctx.on_exit(lambda: end_process(process))
    wait_until(lambda: listens(port), 10 * ctx.patience, f"{command[0]} listens on {port}; see {log}")
    return process, log


def socks(ctx, *arguments):
    port = free_port()
    process, log = started(ctx, "microsocks", "-i", "127.0.0.1", "-p", port, *arguments, port=port)
    return process, log, f"socks5://127.0.0.1:{port}"


def place_of(server):
    return ":".join(map(str, server.address()))


def received(ctx, local):
    """The Received field of the one mail at the far end."""
    folder = pathlib.Path(ctx.folder) / "far" / local / "new"
    wait_until(lambda: folder.is_dir() and list(folder.iterdir()), 20 * ctx.patience, f"mail for {local}")
    [mail] = folder.iterdir()
    return mail.read_text()


def test_a_socks5_proxy_makes_the_connection(ctx):
    peer = ctx.peer()
    _, log, proxy = socks(ctx)
    server = through(ctx, peer.next_hop, proxy, source_addresses=["127.0.0.1 exit.example"])
    server.send(f"a@{FAR}")
    [message] = peer.wait(1)
    check_equal(message["helo"], "exit.example", "name in EHLO")
    check_equal(server.wait_event("connect", proxy=proxy)["remote"], f"127.0.0.1[127.0.0.1]:{peer.port}", "remote")
    wait_until(lambda: f"127.0.0.1:{peer.port}" in log.read_text(), 5, "the proxy says that it connected")
    wait_queue_empty(server)


def test_a_socks5_proxy_may_want_a_login(ctx):
    peer = ctx.peer()
    _, _, proxy = socks(ctx, "-u", "relay", "-P", "correct horse")
    password = ctx.folder / "password"
    password.write_text("wrong\n")
    server = through(ctx, peer.next_hop, proxy, egress_proxy_user="relay", egress_proxy_password_file=str(password))
    queue_id = server.send(f"a@{FAR}")
    refused = server.wait_event("defer", message=queue_id)
    check("SOCKS5 proxy 127.0.0.1:" in refused["reply"], f"deferred with {refused}")
    check("horse" not in server.log_text() and "wrong" not in server.log_text(), "a password stands in the log")
    password.write_text("correct horse\n")  # read for each connection
    server.cli("queue", "retry", "--all")
    peer.wait(1)
    wait_queue_empty(server)


def test_who_is_at_fault_stands_in_the_log(ctx):
    process, _, proxy = socks(ctx)
    server = through(ctx, nobody_listens(), proxy)
    dead_site = server.wait_event("defer", message=server.send(f"a@{FAR}"))
    check(dead_site["reply"].endswith("connection refused (5)"), f"deferred with {dead_site}")
    check_equal(dead_site["enhanced"], "4.4.1", "status where the site is down")
    end_process(process)
    server.cli("queue", "retry", "--all")
    wait_until(lambda: [e for e in server.events("defer") if e["enhanced"] == "4.4.0"], 20 * ctx.patience,
               "the proxy is down")
    dead_proxy = [e for e in server.events("defer") if e["enhanced"] == "4.4.0"][0]
    check(f"SOCKS5 proxy 127.0.0.1:{proxy.rsplit(':', 1)[1]}: connect to" in dead_proxy["reply"],
          f"deferred with {dead_proxy}")


def test_a_proxy_header_says_where_from_and_where_to(ctx):
    far = far_server(ctx, proxy_protocol_from=["127.0.0.1/32"])
    near = through(ctx, "smtp://192.0.2.25", f"proxy://{place_of(far)}", source_addresses=["192.0.2.7 out.example"])
    near.send(f"box@{FAR}")
    check("from out.example ([192.0.2.7])" in received(ctx, "box"), received(ctx, "box"))
    check_equal(near.wait_event("connect", proxy=f"proxy://{place_of(far)}")["source"], "192.0.2.7", "source in the log")


def test_haproxy_connects_where_we_say_from_the_address_we_say(ctx):
    far = far_server(ctx)
    port = free_port()
    settings = ctx.folder / "haproxy.cfg"
    settings.write_text(f"""\
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen egress
  bind 127.0.0.1:{port} accept-proxy
  source 0.0.0.0 usesrc clientip
  server out 0.0.0.0:0
""")
    started(ctx, "haproxy", "-db", "-f", settings, port=port)
    near = through(ctx, f"smtp://{place_of(far)}", f"proxy://127.0.0.1:{port}",
                   source_addresses=["127.0.0.77 out77.example"])
    near.send(f"box@{FAR}")
    check("from out77.example ([127.0.0.77])" in received(ctx, "box"), received(ctx, "box"))
    wait_queue_empty(near)
