"""A network of hosts with every kind of trouble: what gets through is delivered in silence, of what waits the sender hears
once, and what never gets through comes back with the reason, each recipient by itself."""

from _peers import report_of, wait_queue_empty
from lib import check, check_equal
from mail_goes_by_mx import BODY, host
from support.certificates import authority

DOMAIN = "foreign.example"
HOSTS = {"dane": "127.0.0.81", "dead": "127.0.0.82", "grey": "127.0.0.83", "busy": "127.0.0.84", "mixed": "127.0.0.85"}
ZONE = [line for name, address in HOSTS.items() for line in (f"{name} 60 IN MX 10 mx-{name}", f"mx-{name} 60 IN A {address}")]
ZONE.append(f"_25._tcp.mx-dane 60 IN TLSA 3 1 1 {'0' * 64}")
# What waits expires: Status, and what the reason speaks of.
EXPIRED = {"dane": ("4.4.7", "TLSA"), "dead": ("4.4.7", "refused"), "busy": ("4.4.7", "421 4.7.0 too many connections")}


def network(ctx):
    greylisted = iter(["450 4.2.0 greylisted, try again"])
    host(ctx, HOSTS["dane"], pair=authority().server(names=(f"mx-dane.{DOMAIN}",), label="-not-announced"))
    peers = {"grey": host(ctx, HOSTS["grey"], replies={"RCPT": lambda *_: next(greylisted, "250 ok")}),
             "mixed": host(ctx, HOSTS["mixed"], replies={
                 "RCPT": lambda _, command: "550 5.1.1 no such user" if "gone" in command else "250 ok"})}
    host(ctx, HOSTS["busy"], replies={"MAIL": "421 4.7.0 too many connections"})
    names = ctx.name_server({DOMAIN: ZONE}, signed={DOMAIN})
    return peers, ctx.server(config={
        "dns": {"servers": [names.address], "dnssec_trust_anchor": names.trust_anchor},
        "queue": {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "delay_notice_after": "4s", "max_age": "12s",
                  "min_free_disk": "16MiB"}})


def test_each_kind_of_trouble_has_its_report(ctx):
    peers, server = network(ctx)
    for name in ("dane", "dead", "grey", "busy"):
        server.send(f"a@{name}.{DOMAIN}", BODY, sender="sender@example.test")
    server.send([f"gone@mixed.{DOMAIN}", f"there@mixed.{DOMAIN}"], BODY, sender="sender@example.test")
    wait_queue_empty(server, 60)
    told = {}
    for mail in server.wait_mail("sender", 2 * len(EXPIRED) + 1, seconds=5):
        _, fields, _ = report_of(mail)
        [recipient] = fields[1:]  # of the mixed one only who is gone
        name = recipient["Final-Recipient"].split("@")[1].split(".")[0]
        told.setdefault(name, []).append((recipient["Action"], recipient["Status"], recipient["Diagnostic-Code"] or ""))
    check_equal(sorted(told), ["busy", "dane", "dead", "mixed"], "whose sender heard of it")
    for name, (status, why) in EXPIRED.items():
        (delayed, failed) = sorted(told[name])
        check_equal((delayed[0], failed[:2]), ("delayed", ("failed", status)), f"reports of {name}")
        check(why in failed[2], f"{name} does not say why: {failed}")
    check_equal(told["mixed"][0][:2], ("failed", "5.1.1"), "the recipient that is gone")
    arrived = [m["recipients"] for m in (*peers["grey"].messages, *peers["mixed"].messages) if m["recipients"]]
    check_equal(arrived, [[f"a@grey.{DOMAIN}"], [f"there@mixed.{DOMAIN}"]], "what was delivered, and nothing twice")
