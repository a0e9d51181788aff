// Something in a configuration file that an operator has to change. Lines and columns count from 1; 0 where the
// problem is with the file as a whole.
#pragma once

#include <string>

namespace ringpost::config {

struct Problem {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  std::string message;

  /// "ringpost.toml:3:1: unknown key ...", as compilers print it.
  std::string text() const {
    if (line == 0) return file + ": " + message;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
  }
  bool operator==(const Problem&) const = default;
};

}  // namespace ringpost::config
