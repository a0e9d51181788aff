// What the keys of one [[route]] must be to each other. Private to config.
#pragma once

#include "config/document.h"
#include "config/section.h"
#include "relay/options.h"

namespace ringpost::config {

/// `table` is where `route` was read from.
void check_route(const relay::RouteOptions& route, const Node& table, Report& report);

}  // namespace ringpost::config
