// What an operator sees and does: summary, list, show, body, explain, retry, drop, and marks. Reads RocksDB from any
// thread but a reactor's; changes are handed to the owning worker and the indexer. Messages accepted in the last
// moments (not yet indexed) are included: a call first waits until the indexer has caught up with what was accepted
// before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "queue/explain.h"
#include "queue/mark.h"
#include "queue/message_record.h"
#include "queue/selector.h"

namespace ringpost::queue {

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
  /// Forgets messages without a bounce, one by one. Returns how many.
  virtual Result<std::uint64_t> drop(const Selector& selector) = 0;

  /// Puts a mark in force (kind, selector, reason, by, until are read). When this returns it is durable, and no attempt
  /// that it covers begins; the time does not depend on the length of the queue.
  virtual Result<Mark> mark(Mark mark) = 0;
  /// Takes back suspensions or holds. Of holds what `selector` selects is released, also where a hold covers more;
  /// a suspension only as a whole: one with this selector, or all when it is empty. `ids`: by number instead. Returns
  /// what was removed or, for a release that is an exception, added. Errors: not_found.
  virtual Result<std::vector<Mark>> lift(MarkKind kind, const Selector& selector,
                                         const std::vector<std::uint64_t>& ids) = 0;
  virtual std::vector<Mark> marks() = 0;
  /// What each queued recipient of a message waits for.
  virtual Result<std::vector<Explanation>> explain(MessageId id) = 0;
};

}  // namespace ringpost::queue
