// One message over one connection, by SMTP or LMTP: what the peer cannot take is not sent, every recipient gets the
// status that the peer's replies give it, and with LMTP each has its own word after the final dot.
//
// Standards: RFC 5321 3.3 and 4.5.3.1.10 (too many recipients), RFC 6152 3, 3030 3, 6531 3.2 and 1870 6 (what a peer
// must offer), RFC 6710 (MT-PRIORITY), RFC 2852 4.1.4 (what is to be given back when it is late does not go to a
// host that would not do so), RFC 3461 5 (DSN parameters are handed on where offered), RFC 2033 4.2, RFC 8689 2 and
// 4.2.1 (REQUIRETLS is said where it may be, and mail that needs it goes nowhere else).
#pragma once

#include "io/task.h"
#include "relay/outbound_connection.h"
#include "relay/outcome.h"
#include "relay/reply_rules.h"
#include "relay/work.h"

namespace ringpost::relay {

struct TransactionOutcome {
  Statuses statuses;  // of the recipients that were tried; the others may be tried again at once
  /// The connection ended before the peer answered MAIL, or with a 421: on a connection that has been used before, no
  /// word about the message and worth another one.
  bool session_refused = false;
  /// The reply that asks for fewer connections or messages (reply_rules.h); empty: none did.
  std::string slow_down;
  /// We are closing: nothing is known, nothing was counted.
  bool cancelled = false;
};

/// `connection`, `work` and `rules` outlive the call. Whether the connection can be used again: client.usable().
io::Task<TransactionOutcome> deliver_over(OutboundConnection& connection, Work& work, const ReplyRules& rules,
                                          io::Cancel cancel);

}  // namespace ringpost::relay
