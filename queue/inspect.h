// What an operator sees and does: summary, list, show, body, retry, drop. Reads RocksDB from any thread but a
// reactor's; changes are handed to the owning worker and the indexer. Messages accepted in the last moments (not yet
// indexed) are included: a call first waits until the indexer has caught up with what was accepted before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "queue/message_record.h"

namespace ringpost::queue {

struct Selector {
  std::vector<MessageId> ids{};         // any of these; empty: all
  std::optional<std::string> sender{};  // exact, or "@domain"
  std::optional<std::string> recipient{};
  std::optional<std::string> destination{};
  std::optional<Duration> older_than{};
  std::optional<std::string> state{};  // "active" (never tried), "deferred"
};

struct DestinationSummary {
  std::string destination;
  std::uint64_t messages = 0;
  std::uint64_t deferred = 0;
  WallTime oldest;
  WallTime next_due;
  std::string postponed_why;  // empty: not postponed
};

class Inspector {
 public:
  virtual ~Inspector() = default;
  /// At most `destinations_max`, largest first; counting is exact up to 1,000,000 entries.
  virtual Result<std::vector<DestinationSummary>> summary(std::size_t destinations_max) = 0;
  /// In order of id; `visit` returns false to stop.
  virtual Result<void> list(const Selector& selector, const std::function<bool(const MessageRecord&)>& visit) = 0;
  virtual Result<MessageRecord> show(MessageId id) = 0;
  /// Prefix and body, in pieces.
  virtual Result<void> body(MessageId id, const std::function<bool(std::string_view)>& write) = 0;
  /// Makes queued recipients due now. Returns how many messages.
  virtual Result<std::uint64_t> retry(const Selector& selector) = 0;
  /// Forgets messages without a bounce. Returns how many.
  virtual Result<std::uint64_t> drop(const Selector& selector) = 0;
};

}  // namespace ringpost::queue
