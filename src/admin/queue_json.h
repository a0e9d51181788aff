// Queue records as JSON, the same in the API and in `ringpost queue ... --json`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "queue/inspect.h"

namespace ringpost::admin {

nlohmann::json to_json(const queue::DestinationSummary& summary);
/// One message with its recipients; without prefix and body.
nlohmann::json to_json(const queue::MessageRecord& record);

/// A mark with its selector: {"mark": 7, "kind": "hold", "sender": s, ..., "created": time, "reason": s}.
nlohmann::json to_json(const queue::Mark& mark);
/// One recipient and the gates it stands at.
nlohmann::json to_json(const queue::Explanation& explanation);

/// {"ids": [...], "sender": s, "recipient": s, "destination": s, "route": s, "login": s, "older_than": "1h",
/// "state": s, "all": true}. Of a route only the pattern is taken; its domains are to be looked up. An empty selector
/// is refused unless `all` is true, so that a typing error does not drop the queue. Errors: invalid.
Result<queue::Selector> selector_from_json(const nlohmann::json& json);
/// A selector and beside it "for": "1h", "reason": s, "by": s. Errors: invalid.
Result<queue::Mark> mark_from_json(queue::MarkKind kind, nlohmann::json json);
/// What to resume or release: a selector, or {"marks": [7, ...]}.
struct Lifting {
  queue::Selector selector;
  std::vector<std::uint64_t> marks;
};
Result<Lifting> lifting_from_json(const nlohmann::json& json);

}  // namespace ringpost::admin
