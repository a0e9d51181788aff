// Which queued mail an operator means: every condition that is given must hold. What `list`, `retry` and `drop` look
// for, and what a mark (mark.h) covers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/domain_scope.h"
#include "queue/message_record.h"

namespace ringpost::queue {

struct Selector {
  std::vector<MessageId> ids{};         // any of these, ascending; empty: all
  std::optional<std::string> sender{};  // exact, or "@domain"
  std::optional<std::string> recipient{};
  // A destination of the queue, with what else goes there under some wish about TLS; or the domain of a recipient.
  std::optional<std::string> destination{};
  std::optional<mail::DomainScope> route{};  // whose recipients' domains are those
  std::optional<std::string> login{};        // who handed the message in, authenticated
  std::optional<Duration> older_than{};
  std::optional<std::string> state{};  // "active" (never tried), "deferred"

  bool operator==(const Selector&) const = default;
  bool empty() const noexcept { return *this == Selector{}; }
};

/// The conditions about the message alone: ids, sender, login.
bool selects_message(const Selector& selector, const Message& message);
/// Those about a recipient that stands in `destination`.
bool selects_recipient(const Selector& selector, const mail::Address& recipient, std::string_view destination);

/// "sender=a@example.org destination=example.net", "everything".
std::string to_string(const Selector& selector);

}  // namespace ringpost::queue
