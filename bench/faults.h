// How a sink misbehaves, on purpose: replies other than the usual, connections ended at a given step, pauses, and
// replies that trickle. Filled in once; read by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ringpost::bench {

/// The steps of a session at which something can go wrong. `data` is the reply to DATA, `body` the middle of the
/// message, `dot` the reply to the final dot (or to the last BDAT chunk).
enum class Stage : std::uint8_t { greeting, ehlo, starttls, mail, rcpt, data, body, dot, rset, quit };
inline constexpr std::size_t stage_count = 10;
std::string_view to_string(Stage stage) noexcept;

struct ReplyRule {
  Stage stage = Stage::dot;
  std::string reply;      // as it goes over the wire
  bool positive = false;  // 2xx or 3xx
  bool ends_session = false;
  double probability = 1;
  std::string pattern;  // of an address, with "*"; empty: any
};

class Faults {
 public:
  /// "rcpt:450 4.2.1 busy:10%", "dot:550 5.7.1 no:user3@*", "mail:421 4.3.2 closing". Behind the last colon stands a
  /// share or an address pattern (the sender for mail; a recipient for rcpt, data and dot); neither: always. The first
  /// rule that applies wins. Errors: invalid.
  Result<void> add_reply(std::string_view text);
  /// "data:5%": leaves without a word.
  Result<void> add_disconnect(std::string_view text);
  /// "10ms" (before the reply to the final dot) or "rcpt:10ms".
  Result<void> add_delay(std::string_view text);
  /// "1octet/s", "100octets/s".
  Result<void> set_tarpit(std::string_view text);

  /// The rule for this step, where one applies now. `addresses`: whoever the step is about.
  const ReplyRule* reply(Stage stage, std::span<const std::string> addresses) const;
  bool disconnects(Stage stage) const;
  Duration delay(Stage stage) const noexcept { return delays_[static_cast<std::size_t>(stage)]; }
  /// 0: no tarpit.
  double octets_per_second() const noexcept { return octets_per_second_; }

 private:
  std::vector<ReplyRule> replies_;
  std::array<double, stage_count> disconnect_probability_{};
  std::array<Duration, stage_count> delays_{};
  double octets_per_second_ = 0;
  bool disconnects_ = false;
};

/// Without case; "*" stands for any octets, also none.
bool matches_pattern(std::string_view pattern, std::string_view text) noexcept;

}  // namespace ringpost::bench
