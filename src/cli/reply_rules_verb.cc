#include "cli/reply_rules_verb.h"

#include <fmt/format.h>

#include "cli/queue_verbs.h"
#include "smtp/reply_parser.h"

namespace ringpost::cli {

namespace {

void print_row(std::string_view code, std::string_view enhanced, std::string_view contains, std::string_view advice) {
  fmt::print("{:<5} {:<9} {:<10} {}\n", code, enhanced, advice, contains);
}

void print_rule(const relay::ReplyRule& rule) {
  print_row(rule.code.empty() ? "any" : rule.code, rule.enhanced.empty() ? "any" : rule.enhanced,
            rule.contains.empty() ? "anything" : rule.contains, relay::advice_name(rule.advice));
}

}  // namespace

int reply_rules(const std::vector<relay::ReplyRule>& configured, const std::string& reply) {
  const relay::ReplyRules rules(configured);
  if (reply.empty()) {
    print_row("code", "enhanced", "contains", "advice");
    for (const relay::ReplyRule& rule : rules.rules()) print_rule(rule);
    return 0;
  }
  smtp::ReplyParser parser;
  const std::string line = reply + "\r\n";
  std::string_view octets = line;
  const auto parsed = parser.feed(octets);
  if (!parsed || !*parsed || !octets.empty()) {
    return report_failure("expected one line that begins with a code, as \"421 4.7.0 try again later\"");
  }
  const relay::ReplyRule& rule = rules.match(**parsed);
  fmt::print("{}\n", relay::advice_name(rule.advice));
  if (!rule.code.empty() || !rule.enhanced.empty() || !rule.contains.empty()) print_rule(rule);
  return 0;
}

}  // namespace ringpost::cli
