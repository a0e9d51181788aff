"""A domain asks for reports on its TLS (TLSRPT): what went wrong and what went well is counted, without stopping any mail
that its policy does not stop, survives a crash, and goes to its mail address and its web server as JSON."""

import datetime
import email
import email.policy
import gzip
import json

from _peers import wait_queue_empty
from dane_decides_about_tls import certificate
from lib import WebServer, check, check_equal, free_port, wait_until
from mail_goes_by_mx import BODY, host
from mta_sts_policies_are_obeyed import PolicyServer, policy
from support.certificates import authority

RETRY = {"retry": {"first": "1s", "factor": 1.0, "max": "1s"}, "min_free_disk": "16MiB"}
REPORT = {"enabled": True, "organization": "Example Inc.", "contact": "tls@example.test"}
RUA = '_smtp._tls 60 IN TXT "v=TLSRPTv1; rua=mailto:reports@foreign.example,https://reports.foreign.example/tls;"'
ZONE = ["@ 60 IN MX 10 mx", "mx 60 IN A 127.0.0.73", RUA, "reports 60 IN A 127.0.0.75", "mta-sts 60 IN A 127.0.0.74"]
STS = ['_mta-sts 60 IN TXT "v=STSv1; id=1;"']


class ReportServer(WebServer):
    """The web server that takes reports, at 127.0.0.75. What came stands in `taken`: content type, path and report."""

    def __init__(self, status=201):
        self.status, self.taken = status, []
        super().__init__("127.0.0.75", 443, authority().server(names=("reports.foreign.example",), label="-reports"))

    def answer(self, request):
        if self.status < 300:
            self.taken.append((request.headers["Content-Type"], request.path, json.loads(gzip.decompress(request.body))))
        return self.status, "text/plain", b""


def relay(ctx, zone=(), report=None, signed=False, sts=None):
    """A server that reports, and the web server that takes its reports."""
    web = ctx.keep(ReportServer())
    if sts is not None:
        ctx.keep(PolicyServer(sts))
    names = ctx.name_server({"foreign.example": [*ZONE, *zone]}, signed={"foreign.example"} if signed else ())
    dns = {"servers": [names.address], **({"dnssec_trust_anchor": names.trust_anchor} if signed else {})}
    server = ctx.server(config={"dns": dns, "queue": RETRY, "admin": {"address": f"127.0.0.1:{free_port()}"},
                                "tls_report": {"tls_ca_file": authority().ca, **(report or REPORT)},
                                "route": [{"domain": "*", "next_hop": "mx", "tls_ca_file": authority().ca}]})
    return web, server


def send(server):
    server.send("rcpt@foreign.example", BODY, sender="sender@example.test")


def policies_noted(server, day=""):
    """The policies of foreign.example's report as the command line prints it; empty: there is none yet."""
    shown = json.loads(server.cli("tls-report", *([day] if day else []), "--domain", "Foreign.example"))
    check(len(shown["reports"]) <= 1, f"one report: {shown}")
    return shown["reports"][0]["policies"] if shown["reports"] else []


def wait_noted(ctx, server, kind):
    """The failure of this kind and its policy, once it is noted."""
    def found():
        return [(entry, detail) for entry in policies_noted(server) for detail in entry.get("failure-details", [])
                if detail["result-type"] == kind]
    wait_until(found, 30 * ctx.patience, f"a note of {kind}")
    return found()[0]


def report_in(octets):
    """The report in a message, and the message."""
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    check_equal(message.get_content_type(), "multipart/report", "type of the message")
    check_equal(message["Content-Type"].params["report-type"], "tlsrpt", "type of the report")
    attachment = list(message.iter_attachments())[-1]
    check_equal(attachment.get_content_type(), "application/tlsrpt+gzip", "type of the attachment")
    return json.loads(gzip.decompress(attachment.get_content())), message, attachment.get_filename()


def test_a_policy_in_testing_whose_host_has_another_name_gets_mail_and_a_report(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate("-other", ("other.foreign.example",)))
    web, server = relay(ctx, STS, sts=policy("testing"))
    send(server)
    check(peer.wait(1, 30 * ctx.patience)[0]["tls"] is not None, "it came in clear text")
    entry, detail = wait_noted(ctx, server, "certificate-host-mismatch")
    check_equal(entry["policy"], {"policy-type": "sts", "policy-domain": "foreign.example", "mx-host": ["mx.foreign.example"],
                                  "policy-string": ["version: STSv1", "mode: testing", "mx: mx.foreign.example",
                                                    "max_age: 86400"]}, "the policy")
    check_equal(entry["summary"], {"total-successful-session-count": 0, "total-failure-session-count": 1}, "the sums")
    known = {key: detail[key] for key in ("receiving-mx-hostname", "receiving-ip", "receiving-mx-helo", "sending-mta-ip")}
    check_equal(known, {"receiving-mx-hostname": "mx.foreign.example", "receiving-ip": "127.0.0.73",
                        "receiving-mx-helo": "peer.example", "sending-mta-ip": "127.0.0.1"}, "who")

    server.cli("tls-report", "--send")
    wait_until(lambda: web.taken, 30 * ctx.patience, "a report at the web server")
    mail = peer.wait(2, 30 * ctx.patience)[1]
    content_type, path, posted = web.taken[0]
    check_equal((content_type, path), ("application/tlsrpt+gzip", "/tls"), "type and path")
    mailed, message, file = report_in(mail["body"])
    check_equal(mail["recipients"], ["reports@foreign.example"], "recipient")
    check_equal((message["TLS-Report-Domain"], message["TLS-Report-Submitter"], message["TLS-Required"], message["From"]),
                ("foreign.example", "mx.example.test", "No", "tls@example.test"), "header fields")
    check(file.startswith("mx.example.test!foreign.example!") and file.endswith(".json.gz"), f"name of the file: {file}")
    for report in (posted, mailed):
        check_equal((report["organization-name"], report["contact-info"]), ("Example Inc.", "tls@example.test"), "who reports")
        check_equal(report["policies"][0]["failure-details"][0]["result-type"], "certificate-host-mismatch", "the failure")


def test_a_certificate_that_tlsa_records_do_not_announce_is_a_validation_failure(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    _, server = relay(ctx, [f"_25._tcp.mx 60 IN TLSA 3 1 1 {'0' * 64}"], signed=True)
    send(server)
    entry, _ = wait_noted(ctx, server, "validation-failure")
    check_equal(entry["policy"], {"policy-type": "tlsa", "policy-string": ["3 1 1 " + "0" * 64],
                                  "policy-domain": "foreign.example", "mx-host": ["mx.foreign.example"]}, "the policy")
    check_equal(peer.messages, [], "taken")
    peer.tls = None
    wait_noted(ctx, server, "starttls-not-supported")
    # The report is delivered where other mail waits for TLS, and is not itself a session to report.
    server.cli("tls-report", "--send")
    report, message, _ = report_in(peer.wait(1, 30 * ctx.patience)[0]["body"])
    check_equal((peer.messages[0]["recipients"], peer.messages[0]["tls"], message["TLS-Required"]),
                (["reports@foreign.example"], None, "No"), "the report")
    check(all(entry["summary"]["total-successful-session-count"] == 0 for entry in report["policies"]), "no success")
    check(all(entry["policy"]["policy-type"] == "tlsa" for entry in policies_noted(server)), "only mail's own sessions")


def test_without_a_policy_sessions_are_counted_and_outlive_a_crash(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate("-other", ("other.foreign.example",)))
    _, server = relay(ctx)
    send(server)
    peer.wait(1, 30 * ctx.patience)
    wait_until(lambda: policies_noted(server), 30 * ctx.patience, "a note")
    server.restart(crash=True)
    check_equal(policies_noted(server), [{"policy": {"policy-type": "no-policy-found", "policy-domain": "foreign.example"},
                                          "summary": {"total-successful-session-count": 1,
                                                      "total-failure-session-count": 0}}], "after the crash")


def test_the_report_of_a_day_that_is_over_goes_once_to_each(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    web, server = relay(ctx)
    web.status = 503
    day = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date().isoformat()
    folder = server.folder / "data" / "tlsrpt"
    server.stop()
    folder.mkdir(exist_ok=True)
    lines = [{"domain": "foreign.example", "type": "no-policy-found", "text": [], "hosts": [], "successes": 2},
             {"domain": "silent.example", "type": "no-policy-found", "text": [], "hosts": [], "successes": 2}]
    (folder / f"{day}.log").write_text("".join(json.dumps(line) + "\n" for line in lines * 2) + '{"domain": "torn')
    server.start()
    check_equal(policies_noted(server, day)[0]["summary"]["total-successful-session-count"], 4, "the day's sum")
    server.cli("tls-report", day, "--send")
    wait_until(lambda: web.asked, 30 * ctx.patience, "a try at the web server")
    report, _, file = report_in(peer.wait(1, 30 * ctx.patience)[0]["body"])
    check_equal(report["date-range"], {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"}, "the day")
    begin, end = (int(part.removesuffix(".json.gz")) for part in file.split("!")[2:])
    check_equal(end - begin, 24 * 3600 - 1, "the day in the file's name")
    wait_until(lambda: any("TLS report" in event.get("operation", "") for event in server.events("warning")),
               30 * ctx.patience, "a warning")
    web.status = 200
    server.restart(crash=True)
    for _ in range(2):
        server.cli("tls-report", day, "--send")
        wait_until(lambda: web.taken, 30 * ctx.patience, "a report at the web server")
    wait_until(lambda: f'"target":"*"' in (folder / f"{day}.log").read_text(), 30 * ctx.patience, "a note that it is done")
    wait_queue_empty(server)
    check_equal((len(web.taken), len(peer.messages)), (1, 1), "reports at the web server, and by mail")
    check_equal(web.taken[0][2], report, "the same report")


def test_nothing_is_noted_where_it_is_not_enabled_and_a_reload_enables_it(ctx):
    peer = host(ctx, "127.0.0.73", pair=certificate())
    _, server = relay(ctx, report={"enabled": False})
    send(server)
    peer.wait(1, 30 * ctx.patience)
    server.cli("tls-report", expect=1)
    check("not enabled" in server.cli_error, server.cli_error)
    server.config["tls_report"] = REPORT
    server.write_config()
    server.cli("reload")
    check_equal(json.loads(server.cli("tls-report"))["reports"], [], "nothing was noted before")
    send(server)
    wait_until(lambda: policies_noted(server), 30 * ctx.patience, "a note")
    server.cli("tls-report", "yesterday", expect=1)
