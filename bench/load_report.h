// The report of a load, for people and as one JSON object on one line (its members are described in load_report.cc).
#pragma once

#include <string>

#include "bench/load.h"

namespace ringpost::bench {

std::string to_text(const LoadReport& report);
std::string to_json(const LoadReport& report);

}  // namespace ringpost::bench
