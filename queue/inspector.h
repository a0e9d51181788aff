// The Inspector of a queue whose shards run in this process (inspect.h).
#pragma once

#include <memory>

#include "queue/inspect.h"

namespace ringpost::queue {

struct Shared;

/// `shared` outlives it.
std::unique_ptr<Inspector> make_inspector(Shared& shared);

}  // namespace ringpost::queue
