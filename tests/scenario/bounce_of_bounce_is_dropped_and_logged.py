"""What has no sender never makes a bounce (RFC 5321 6.1): it is dropped, and the log says so."""

from _peers import live_octets, relaying, wait_queue_empty
from lib import check, check_equal, wait_until


def test_bounce_of_bounce_is_dropped_and_logged(ctx):
    peer = ctx.peer(replies={"RCPT": "550 5.1.1 nobody is here", "DATA": "554 5.5.1 no valid recipients"})
    server = ctx.server(config=relaying(peer))
    null = server.send("gone@foreign.example", sender="")
    check(server.wait_event("drop", message=null).get("reason"), "the drop event of a message without sender says no reason")
    original = server.send("gone@foreign.example", sender="unreachable@other.example")
    bounce = server.wait_event("bounce", message=original)
    check(bounce, "no bounce event")
    wait_until(lambda: len(server.events("drop")) >= 2, 10 * ctx.patience, "the bounce is dropped too")
    wait_queue_empty(server)
    check_equal(len(server.events("drop")), 2, "drop events")
    check_equal(len(server.events("bounce")), 1, "bounce events")
    check_equal(peer.messages, [], "messages at the next hop")
    wait_until(lambda: live_octets(server) == 0, 10 * ctx.patience, "no octets live in the spool")
