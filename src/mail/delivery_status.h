// What became of one recipient in one attempt. Standards: RFC 3463, RFC 3464 2.3.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace ringpost::mail {

enum class Action : std::uint8_t { delivered, deferred, failed };

/// What became of the duty to report success (RFC 3461 5.2), of a recipient that was delivered. Not stored: the queue
/// reports at once.
enum class Handover : std::uint8_t {
  final_delivery,  // it lies in the mailbox
  traced,          // relayed, and the sender is to hear of it (RFC 2852: BY= to a host that does not do it, or with T)
  relayed,         // to a host that does not offer DSN: nobody will report later
  with_dsn,        // with its DSN parameters: the next host reports
  handed_off,      // to a sibling, with everything: it has taken our place
};

struct DeliveryStatus {
  std::uint32_t recipient = 0;  // index into the envelope's recipients
  Action action = Action::deferred;
  PublicStatus status{451, {4, 4, 0}};
  std::string diagnostic;  // the peer's reply, printable, one line; or our own words
  std::string remote;      // "host[address]:port" or "maildir"; empty where nobody was reached
  Handover handover = Handover::final_delivery;
  bool operator==(const DeliveryStatus&) const = default;
};

}  // namespace ringpost::mail
