// Where a hand-off may go: the addresses of the siblings, in turn, without those that have just failed and without
// ourselves. A sibling is a next hop of [handoff] siblings; a name with many addresses (a headless service) is as many
// siblings. Pure: the caller resolves names and says what became of a try. Of one worker, on its core.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace ringpost::relay {

class SiblingTable {
 public:
  static constexpr Duration again_first = std::chrono::seconds(1);
  static constexpr Duration again_max = std::chrono::seconds(15);

  /// May `address` be tried?
  bool may_try(const std::string& address, MonotonicTime now) const {
    const auto known = states_.find(address);
    return known == states_.end() || (!known->second.is_out && now >= known->second.not_before);
  }
  /// It could not be reached, or takes nothing now: left alone for a moment, doubling.
  void troubled(const std::string& address, MonotonicTime now) {
    State& state = states_[address];
    if (now < state.not_before) return;  // a task beside this one has said so already
    state.wait = state.wait == Duration::zero() ? again_first : std::min<Duration>(2 * state.wait, again_max);
    state.not_before = now + state.wait;
  }
  void worked(const std::string& address) {
    const auto known = states_.find(address);
    if (known != states_.end()) known->second.wait = Duration::zero();
  }
  /// It is us: never again.
  void rule_out(const std::string& address) { states_[address].is_out = true; }
  /// Whose turn it is: a number that goes up, to begin with another sibling each time.
  std::size_t next_turn() noexcept { return turn_++; }

 private:
  struct State {
    MonotonicTime not_before{};
    Duration wait{};
    bool is_out = false;
  };
  std::unordered_map<std::string, State> states_;
  std::size_t turn_ = 0;
};

}  // namespace ringpost::relay
