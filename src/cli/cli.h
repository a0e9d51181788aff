// The command line: verbs, their options, what they print and their exit status (0 done, 1 refused or failed, 2 usage).
// `serve` is handed in by app/, which is of a higher rank.
#pragma once

#include <functional>
#include <string>

#include "config/configuration.h"

namespace ringpost::cli {

struct Verbs {
  std::function<int(const config::Configuration&, const std::string& path, bool take_over)> serve;
};

int main(int argc, char** argv, const Verbs& verbs);

}  // namespace ringpost::cli
