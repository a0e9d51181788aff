// The Explanation of each recipient of a record (explain.h), with what the worker that owns the message answers.
#pragma once

#include <vector>

#include "queue/explain.h"
#include "queue/shard_impl.h"

namespace ringpost::queue {

/// Waits at most `wait_max` for the worker. Not on a reactor. Errors: unavailable.
Result<std::vector<Explanation>> explain_record(Shared& shared, const MessageRecord& record, Duration wait_max);

}  // namespace ringpost::queue
