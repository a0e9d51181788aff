// `ringpost reload` and `ringpost drain`: orders to the running server, through its admin API.
#pragma once

#include <optional>
#include <string>

#include "admin/options.h"

namespace ringpost::cli {

struct DrainArguments {
  std::optional<std::string> patience;  // a duration, as "5m"
  bool handoff = false;
  bool no_wait = false;
};

/// Prints what changed, or on stderr every reason why nothing did (exit status 1).
int reload(const admin::Options& server);

/// Returns when the server has ended, unless told not to wait.
int drain(const admin::Options& server, const DrainArguments& arguments);

}  // namespace ringpost::cli
