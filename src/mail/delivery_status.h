// What became of one recipient in one attempt. Standards: RFC 3463, RFC 3464 2.3.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace ringpost::mail {

enum class Action : std::uint8_t { delivered, deferred, failed };

struct DeliveryStatus {
  std::uint32_t recipient = 0;  // index into the envelope's recipients
  Action action = Action::deferred;
  PublicStatus status{451, {4, 4, 0}};
  std::string diagnostic;  // the peer's reply, printable, one line; or our own words
  std::string remote;      // "host[address]:port" or "maildir"; empty where nobody was reached
  bool operator==(const DeliveryStatus&) const = default;
};

}  // namespace ringpost::mail
