// What a refusal means beyond its code. Replies that speak of rates, of too many connections or of a host that is
// overloaded make us slow down at that site; some operators send 5xx for what passes, or 4xx for what never will. A
// table of rules, first match wins: the operator's ([[reply_rule]]), then ours, which stand in reply_rules.cc and in
// docs/scheduler.md. What no rule matches means what its code says.
//
// Immutable after create(); shared by all workers.
// Standards: RFC 5321 4.2.1 (codes), RFC 3463 (enhanced codes).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "smtp/reply.h"

namespace ringpost::relay {

enum class Advice : std::uint8_t {
  as_code,    // 4xx is tried again, 5xx is given up: nothing else
  slow_down,  // the same, and fewer connections to this site
  defer,      // tried again, although the code says give up
  fail,       // given up, although the code says try again
};

struct ReplyRule {
  std::string code;      // "421", "4" or "45" (its beginning), "": any
  std::string enhanced;  // "4.7.28", "4.7" (its beginning, by parts), "": any
  std::string contains;  // anywhere in the text, in any case; "": anything
  Advice advice = Advice::slow_down;
  bool operator==(const ReplyRule&) const = default;
};

class ReplyRules {
 public:
  /// Those of the operator, before ours.
  explicit ReplyRules(std::vector<ReplyRule> rules = {});

  /// `reply` is a refusal (4xx, 5xx); anything else is as its code says.
  Advice advice(const smtp::Reply& reply) const { return match(reply).advice; }
  /// The rule that decides; one that matches nothing in particular (as_code) where there is none.
  const ReplyRule& match(const smtp::Reply& reply) const;
  std::span<const ReplyRule> rules() const noexcept { return rules_; }

 private:
  std::vector<ReplyRule> rules_;  // texts in lower case
};

/// The table as it is without an operator's.
std::span<const ReplyRule> standard_reply_rules();

/// "as_code", "slow_down", "defer", "fail".
std::string_view advice_name(Advice advice) noexcept;

}  // namespace ringpost::relay
