// What `resume` and `release` do to the marks (Inspector::lift).
#pragma once

#include <cstdint>
#include <vector>

#include "queue/steering.h"

namespace ringpost::queue {

/// See Inspector::lift(). Errors: not_found, and those of Steering.
Result<std::vector<Mark>> lift_marks(Steering& steering, MarkKind kind, const Selector& selector,
                                     const std::vector<std::uint64_t>& ids);

}  // namespace ringpost::queue
