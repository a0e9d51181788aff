// The configuration in environment variables, as containers are configured: RINGPOST_QUEUE_MAX_AGE is `max_age` of
// [queue]. The variables are laid over the tree that was read from the file before any key of it is looked at, so that
// one key has one reader, and every complaint about a variable comes with all others. Names follow from the tables of
// sections.cc; docs/configuration.md has the rule. Private to config but for Environment (configuration.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "config/document.h"
#include "config/section.h"

namespace ringpost::config {

constexpr std::size_t variable_octets_max = 64 << 10;

/// Which variables name the keys of a table: "RINGPOST_QUEUE_", "RINGPOST_LISTENER_N_", "RINGPOST_LOOKUP_NAME_", to be
/// followed by the key in capitals. `section` is its name ("" the top of the file, "lookup.DIRECTORY").
std::string variable_prefix(std::string_view section, bool repeated);
/// "retry.first": "RETRY_FIRST".
std::string variable_suffix(std::string_view key);

/// What Kubernetes puts into every container of a namespace with a service whose name begins with `ringpost`, in the
/// form of Docker's links: RINGPOST_SERVICE_HOST, RINGPOST_PORT=tcp://10.0.0.1:25, RINGPOST_PORT_25_TCP_ADDR, ...
bool is_service_variable(std::string_view name, std::string_view value);

/// Variables that begin with RINGPOST_ become members of `root`, in place of what the file says; what is unknown, too
/// long, or leaves a gap in a numbered table is reported.
void overlay(Node& root, const Environment& environment, Report& report);

}  // namespace ringpost::config
