#include <algorithm>

#include "base/text.h"
#include "config/sections.h"

namespace ringpost::config {

namespace {

// "4", "42", "421".
std::string check_reply_code(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool refusal = text.empty() || text[0] == '4' || text[0] == '5';
  return digits && refusal && text.size() <= 3 ? "" : "'" + printable(text, 40) + "'";
}

std::string check_enhanced_code(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return plain && text.size() <= 9 ? "" : "'" + printable(text, 40) + "'";
}

}  // namespace

const Section<relay::ReplyRule>& reply_rule_section() {
  using R = relay::ReplyRule;
  using relay::Advice;
  static const Section<R> section{
      "reply_rule",
      true,
      "What a next hop's refusal means beyond its code. The first match wins; behind these come the rules that "
      "`ringpost reply-rules` shows.",
      {row("code", &R::code, text_type("beginning of a code", "the beginning of a 4xx or 5xx code", check_reply_code),
           "`421`, `45`, `4`; `\"\"`: any"),
       row("enhanced", &R::enhanced,
           text_type("beginning of an enhanced code", "the beginning of an enhanced code", check_enhanced_code),
           "`4.7.28`, `4.7`; `\"\"`: any or none"),
       row("contains", &R::contains, text_type("text", "a string", [](std::string_view) { return std::string(); }),
           "anywhere in the reply, in any case; `\"\"`: anything"),
       row("advice", &R::advice,
           enum_type<Advice>({{"as_code", Advice::as_code},
                              {"slow_down", Advice::slow_down},
                              {"defer", Advice::defer},
                              {"fail", Advice::fail}}),
           "`as_code`: 4xx is tried again, 5xx is given up; `slow_down`: and fewer connections go to this site; "
           "`defer`: "
           "tried again although it is 5xx; `fail`: given up although it is 4xx")}};
  return section;
}

}  // namespace ringpost::config
