// Asks the kernel, before anything else starts, for what the reactor cannot do without, so that a container that
// forbids io_uring says so in one line instead of failing somewhere in the middle.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ringpost::io {

struct KernelFeatures {
  std::string release;                // uname -r
  std::vector<std::string> features;  // what is live, for the start event and `ringpost version --features`
  bool restricted = false;            // our rings do what is in their table and nothing else (ring_operations.h)
};

/// Sets up a small ring with a buffer ring and asks for every operation we use. Errors: refused, with what is missing
/// and how to allow it.
Result<KernelFeatures> probe_kernel();

}  // namespace ringpost::io
