// Queue records as JSON, the same in the API and in `ringpost queue ... --json`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "queue/inspect.h"

namespace ringpost::admin {

nlohmann::json to_json(const queue::DestinationSummary& summary);
/// One message with its recipients; without prefix and body.
nlohmann::json to_json(const queue::MessageRecord& record);

/// {"ids": [...], "sender": s, "recipient": s, "destination": s, "older_than": "1h", "state": s, "all": true}. An empty
/// selector is refused unless `all` is true, so that a typing error does not drop the queue. Errors: invalid.
Result<queue::Selector> selector_from_json(const nlohmann::json& json);

}  // namespace ringpost::admin
