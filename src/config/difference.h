// What differs between two configurations, key by key: a reload logs it, and refuses what only a restart can change.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"

namespace ringpost::config {

struct Difference {
  std::string key;     // "[limits] sessions_max", "[[domain]] \"example.com\" deliver"
  std::string before;  // as TOML; empty: the whole table is new
  std::string after;   // empty: the whole table is gone
  bool needs_restart = false;

  /// "[limits] sessions_max: 100, was 50", "[[domain]] \"example.com\": new", "...: gone".
  std::string text() const;
};

/// In the order of the reference. Tables of an array are the same where their first key is.
std::vector<Difference> differences(const Configuration& before, const Configuration& after);

}  // namespace ringpost::config
