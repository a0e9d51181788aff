// Keeps what WarmUp counts in a file of the data directory. Blocking: for threads that are no reactor; any of them.
#pragma once

#include <mutex>
#include <string>

#include "relay/warm_up.h"

namespace ringpost::relay {

class WarmUpFile {
 public:
  static constexpr Duration interval = std::chrono::minutes(1);

  /// `counts` outlives it.
  WarmUpFile(WarmUp& counts, std::string path) : counts_(counts), path_(std::move(path)) {}

  /// A file that cannot be read, or is not ours, is logged and counts as none.
  void load();
  /// Where the last time is an interval ago and something has changed since. What cannot be written is logged.
  void save_now_and_then();
  /// And never again: whoever comes after us may be writing it by now.
  void save_and_end();

 private:
  void save();

  WarmUp& counts_;
  const std::string path_;
  std::mutex mutex_;  // protects all below
  std::string saved_;
  MonotonicTime saved_at_ = MonotonicTime::min();
  bool ended_ = false;
};

}  // namespace ringpost::relay
