"""What operation asks for: live and ready, metrics that count what happened, and readiness that ends with a drain."""

import signal

from lib import check, check_equal, wait_until


def total(metrics, name):
    return sum(value for key, value in metrics.items() if key == name or key.startswith(name + "{"))


def test_metrics_and_health_answer(ctx):
    server = ctx.server()
    for path in ("/health/live", "/health/ready"):
        check_equal(server.http(path)[0], 200, path)
    check_equal(server.http("/no/such/page")[0], 404, "a page that is not there")
    for number in range(3):
        server.send(f"box{number}@example.test", b"Subject: x\r\n\r\n" + b"y" * 500 + b"\r\n")
        server.wait_mail(f"box{number}")
    with server.client(source="127.0.0.2") as client:
        client.greet()
        client.command("MAIL FROM:<a@example.net>", 250)
        client.command("RCPT TO:<victim@foreign.example>", 550)
        now = server.metrics()
        check_equal(now.get("ringpost_sessions"), 1.0, "open sessions")
    wait_until(lambda: total(server.metrics(), "ringpost_sessions_total") >= 4, 5 * ctx.patience, "four sessions counted")
    wait_until(lambda: total(server.metrics(), "ringpost_queue_messages") == 0, 5 * ctx.patience, "no message is queued")
    metrics = server.metrics()
    check_equal(total(metrics, "ringpost_messages_received_total"), 3.0, "messages received")
    check_equal(metrics.get('ringpost_messages_rejected_total{reason="relay_denied"}'), 1.0, "refused relaying")
    check_equal(metrics.get('ringpost_delivery_total{result="delivered"}'), 3.0, "deliveries")
    check(total(metrics, "ringpost_message_bytes_received_total") >= 1500, "octets of messages received")
    check(1 <= metrics.get("ringpost_commit_seconds_count", 0), "no commit was timed")
    for name in ("ringpost_disk_free_bytes", "ringpost_octets_received_total", "ringpost_octets_copied_total",
                 "ringpost_time_in_queue_seconds_count", "ringpost_delivery_seconds_count"):
        check(any(key.startswith(name) for key in metrics), f"no metric {name}")


def test_health_says_not_ready_while_draining(ctx):
    server = ctx.server()
    client = server.client()
    client.greet()
    client.command("MAIL FROM:<a@example.net>", 250)
    client.command("RCPT TO:<box@example.test>", 250)
    client.command("DATA", 354)
    server.signal(signal.SIGTERM)
    wait_until(lambda: server.http("/health/ready")[0] == 503, 10 * ctx.patience, "not ready while draining")
    check_equal(server.http("/health/live")[0], 200, "live while draining")
    client.write(b"Subject: last\r\n\r\n.\r\n")
    client.expect(250, "final dot")
    client.close()
