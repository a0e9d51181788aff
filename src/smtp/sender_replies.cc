// What a client hears when it may not send as somebody (replies.h): one sentence that names the rule, so that an
// operator finds it in docs/senders.md.
#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "smtp/replies.h"

namespace ringpost::smtp::replies {
namespace {

constexpr std::size_t quoted_octets_max = 200;

std::string quote(std::string_view detail) {
  return "<" + printable(detail, quoted_octets_max) + ">";
}

Reply named(std::uint16_t code, std::string sentence, std::string_view rule) {
  sentence.append(" (rule ").append(printable(rule, quoted_octets_max)).append(")");
  return {code, {5, 7, 1}, sentence};
}

struct FieldName {
  std::string_view rule_prefix;
  std::string_view field;
};
constexpr std::array field_names = {
    FieldName{"resent-from-", "Resent-From:"},
    FieldName{"resent-sender-", "Resent-Sender:"},
    FieldName{"sender-", "Sender:"},
    FieldName{"from-", "From:"},
};

struct RuleText {
  std::string_view rule;
  std::string_view text;
};
// The display name itself is not repeated: whether an account has it is nothing for a stranger to ask about.
constexpr std::array rule_texts = {
    RuleText{"from-missing", "the message has no From: with an address"},
    RuleText{"header-malformed", "the header has a line that is no field, a bare CR or LF, or a NUL"},
    RuleText{"header-too-long", "the fields that name the sender are too many or too long"},
    RuleText{"display-name-protected", "the display name of the sender belongs to somebody else"},
    RuleText{"display-name-unreadable", "the display name of the sender is in a charset that cannot be read"},
    RuleText{"display-name-direction", "the display name of the sender forces a direction of writing"},
    RuleText{"display-name-too-long", "the display names of the sender are too many or too long"},
};

std::string sentence_of(std::string_view rule, std::string_view detail, std::string_view login) {
  const auto* const fixed = std::ranges::find(rule_texts, rule, &RuleText::rule);
  if (fixed != rule_texts.end()) return std::string(fixed->text);
  if (rule == "display-name-address")
    return "the display name of the sender holds an address, " + quote(detail) + ", that is not the sender's";
  const auto* const named_field =
      std::ranges::find_if(field_names, [&](const FieldName& name) { return rule.starts_with(name.rule_prefix); });
  if (named_field == field_names.end()) return "the message may not be sent as it is";
  const std::string field(named_field->field);
  if (rule.ends_with("-twice")) return "the message has more than one " + field + " field";
  if (rule.ends_with("-unreadable"))
    return field + " cannot be read without doubt: " + printable(detail, quoted_octets_max);
  return quote(detail) + " in " + field + " is not an address of login " + printable(login, quoted_octets_max);
}

}  // namespace

Reply sender_not_yours(std::string_view rule, std::string_view detail, std::string_view login) {
  return named(553, quote(detail) + " is not an address of login " + printable(login, quoted_octets_max), rule);
}

Reply header_not_yours(std::string_view rule, std::string_view detail, std::string_view login) {
  if (rule == "local-domain-without-auth") return local_domain_needs_auth(rule, detail);
  return named(550, sentence_of(rule, detail, login), rule);
}

Reply local_domain_needs_auth(std::string_view rule, std::string_view detail) {
  return named(550, quote(detail) + " is an address of this server, log in to send with it", rule);
}

}  // namespace ringpost::smtp::replies
