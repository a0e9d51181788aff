#include "relay/reply_rules.h"

#include "base/text.h"

namespace ringpost::relay {

namespace {

bool matches_enhanced(std::string_view wanted, const std::optional<EnhancedCode>& code) {
  if (wanted.empty()) return true;
  if (!code) return false;
  const std::string text = smtp::to_string(*code);
  return text == wanted || (text.starts_with(wanted) && text[wanted.size()] == '.');
}

bool matches(const ReplyRule& rule, const smtp::Reply& reply, std::string_view lower_case_text) {
  return std::to_string(reply.code()).starts_with(rule.code) && matches_enhanced(rule.enhanced, reply.enhanced()) &&
         (rule.contains.empty() || lower_case_text.find(rule.contains) != std::string_view::npos);
}

}  // namespace

std::span<const ReplyRule> standard_reply_rules() {
  static const std::vector<ReplyRule> rules{
      {"4", "", "greylist", Advice::as_code},  // come back later: nobody is in a hurry there
      {"4", "", "graylist", Advice::as_code},
      {"4", "", "grey list", Advice::as_code},
      {"421", "", "", Advice::slow_down},       // RFC 5321 3.8: the service is closing, or this host has enough of us
      {"4", "4.4.5", "", Advice::slow_down},    // RFC 3463: system congestion
      {"4", "4.3.2", "", Advice::slow_down},    // not accepting messages now
      {"4", "4.7.28", "", Advice::slow_down},   // Gmail: unusual rate of mail from this address, network or login
      {"4", "4.7.650", "", Advice::slow_down},  // Outlook.com: rate limited because of reputation
      {"4", "4.7.651", "", Advice::slow_down},  //
      {"4", "4.7.652", "", Advice::slow_down},  // too many connections at once
      {"4", "4.7.500", "", Advice::slow_down},  // Exchange Online: server busy
      {"4", "", "rate limit", Advice::slow_down},
      {"4", "", "ratelimit", Advice::slow_down},
      {"4", "", "rate-limit", Advice::slow_down},
      {"4", "", "throttl", Advice::slow_down},
      {"4", "", "too many connections", Advice::slow_down},
      {"4", "", "too many concurrent", Advice::slow_down},
      {"4", "", "too many messages", Advice::slow_down},
      {"4", "", "too many mails", Advice::slow_down},
      {"4", "", "too much mail", Advice::slow_down},
      {"4", "", "too fast", Advice::slow_down},
      {"4", "", "connection rate", Advice::slow_down},
      {"4", "", "unusual rate", Advice::slow_down},
      {"4", "", "unexpected volume", Advice::slow_down},  // Yahoo: TSS04
      {"4", "", "excessive", Advice::slow_down},
      {"4", "", "server busy", Advice::slow_down},
      {"4", "", "overload", Advice::slow_down},
  };
  return rules;
}

ReplyRules::ReplyRules(std::vector<ReplyRule> rules) : rules_(std::move(rules)) {
  for (ReplyRule& rule : rules_) rule.contains = to_lower(rule.contains);
  const auto ours = standard_reply_rules();
  rules_.insert(rules_.end(), ours.begin(), ours.end());
}

const ReplyRule& ReplyRules::match(const smtp::Reply& reply) const {
  static const ReplyRule none{.code = {}, .enhanced = {}, .contains = {}, .advice = Advice::as_code};
  if (!reply.transient() && !reply.permanent()) return none;
  const std::string text = to_lower(reply.one_line());
  for (const ReplyRule& rule : rules_) {
    if (matches(rule, reply, text)) return rule;
  }
  return none;
}

std::string_view advice_name(Advice advice) noexcept {
  switch (advice) {
    case Advice::slow_down:
      return "slow_down";
    case Advice::defer:
      return "defer";
    case Advice::fail:
      return "fail";
    default:
      return "as_code";
  }
}

}  // namespace ringpost::relay
