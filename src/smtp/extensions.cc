#include "smtp/extensions.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "smtp/limits.h"
#include "smtp/reply.h"

namespace ringpost::smtp {
namespace {

std::string_view take_word(std::string_view& text) noexcept {
  text = trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = trim(text.substr(word.size()));
  return word;
}

/// RFC 4422 3.1: capitals, digits, hyphen and underscore.
bool is_mechanism(std::string_view word) noexcept {
  return !word.empty() && word.size() <= limits::auth_mechanism_octets_max &&
         std::ranges::all_of(word, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

void add_mechanisms(std::vector<std::string>& mechanisms, std::string_view words) {
  while (!words.empty() && mechanisms.size() < limits::auth_mechanisms_max) {
    const std::string_view word = take_word(words);
    if (!is_mechanism(word)) continue;
    std::string capitals(word);
    std::ranges::transform(capitals, capitals.begin(), ascii_upper);
    if (std::ranges::find(mechanisms, capitals) == mechanisms.end()) mechanisms.push_back(std::move(capitals));
  }
}

bool is_token(std::string_view word) noexcept {
  constexpr std::size_t token_octets_max = 64;
  return !word.empty() && word.size() <= token_octets_max && std::ranges::all_of(word, is_alnum);
}

// RFC 6710: the policies that are known by a name. Ours has the three levels of MIXER (below 0, 0, above).
constexpr std::string_view priority_policy = "MIXER";

std::uint32_t seconds_or_zero(std::string_view word) noexcept {
  constexpr std::size_t digits_max = 9;  // RFC 2852, RFC 4865
  if (word.size() > digits_max) return 0;
  return static_cast<std::uint32_t>(parse_unsigned(word).value_or(0));
}

/// RFC 9422 4: NAME=VALUE, at most 6 digits, zero is not a limit. A value we cannot read is as if it were not there.
void add_limit(Extensions& extensions, std::string_view limit) {
  const std::size_t equals = limit.find('=');
  if (equals == std::string_view::npos) return;
  const auto value = parse_unsigned(limit.substr(equals + 1));
  if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return;
  const std::string_view name = limit.substr(0, equals);
  const auto number = static_cast<std::uint32_t>(*value);
  if (iequals(name, "MAILMAX")) extensions.mail_max = number;
  if (iequals(name, "RCPTMAX")) extensions.rcpt_max = number;
  if (iequals(name, "RCPTDOMAINMAX")) extensions.rcpt_domain_max = number;
}

struct Flag {
  std::string_view keyword;
  bool Extensions::* member;
};
constexpr Flag flags[] = {
    {"PIPELINING", &Extensions::pipelining},
    {"8BITMIME", &Extensions::eight_bit_mime},
    {"CHUNKING", &Extensions::chunking},
    {"BINARYMIME", &Extensions::binary_mime},
    {"SMTPUTF8", &Extensions::smtputf8},
    {"DSN", &Extensions::dsn},
    {"ENHANCEDSTATUSCODES", &Extensions::enhanced_status_codes},
    {"STARTTLS", &Extensions::starttls},
    {"REQUIRETLS", &Extensions::requiretls},
    {"MT-PRIORITY", &Extensions::mt_priority},
    {"DELIVERBY", &Extensions::deliver_by},
};

}  // namespace

bool Extensions::offers_auth(std::string_view mechanism) const noexcept {
  return std::ranges::any_of(auth_mechanisms, [&](const std::string& offered) { return iequals(offered, mechanism); });
}

Extensions Extensions::from_ehlo_reply(const Reply& reply) {
  Extensions extensions;
  bool first = true;
  for (const std::string_view line : reply.lines()) {
    if (!first) extensions.add_keyword_line(line);
    first = false;
  }
  if (!extensions.chunking) extensions.binary_mime = false;  // RFC 3030 3
  return extensions;
}

void Extensions::add_keyword_line(std::string_view line) {
  std::string_view arguments = line;
  const std::string_view keyword = take_word(arguments);
  for (const Flag& flag : flags) {
    if (iequals(keyword, flag.keyword)) this->*flag.member = true;
  }
  if (iequals(keyword, "SIZE")) {
    size = true;
    size_max = parse_unsigned(take_word(arguments)).value_or(0);
  } else if (iequals(keyword, "AUTH")) {
    add_mechanisms(auth_mechanisms, arguments);
  } else if (istarts_with(keyword, "AUTH=")) {
    add_mechanisms(auth_mechanisms, trim(line).substr(5));
  } else if (iequals(keyword, "LIMITS")) {
    while (!arguments.empty()) add_limit(*this, take_word(arguments));
  } else if (iequals(keyword, "XHANDOFF")) {
    const std::string_view token = take_word(arguments);
    if (is_token(token)) handoff = token;
  } else if (iequals(keyword, "DELIVERBY")) {
    deliver_by_min_seconds = seconds_or_zero(take_word(arguments));
  } else if (iequals(keyword, "FUTURERELEASE")) {
    future_release_seconds = seconds_or_zero(take_word(arguments));
    future_release_until = parse_rfc3339(take_word(arguments)).value_or(WallTime{});
  }
}

std::vector<std::string> Extensions::keyword_lines() const {
  std::vector<std::string> lines;
  for (const Flag& flag : flags) {
    if (!(this->*flag.member)) continue;
    lines.emplace_back(flag.keyword);
    if (flag.member == &Extensions::mt_priority) lines.back().append(" ").append(priority_policy);
    if (flag.member == &Extensions::deliver_by && deliver_by_min_seconds != 0)
      lines.back() += " " + std::to_string(deliver_by_min_seconds);
  }
  if (size) lines.push_back(size_max == 0 ? "SIZE" : "SIZE " + std::to_string(size_max));
  if (!auth_mechanisms.empty()) {
    std::string line = "AUTH";
    for (const std::string& mechanism : auth_mechanisms) line.append(" ").append(mechanism);
    lines.push_back(std::move(line));
  }
  std::string limits_line;
  const auto add = [&](const char* name, std::uint32_t value) {
    if (value != 0) limits_line.append(name).append(std::to_string(value));
  };
  add(" MAILMAX=", mail_max);
  add(" RCPTMAX=", rcpt_max);
  add(" RCPTDOMAINMAX=", rcpt_domain_max);
  if (!limits_line.empty()) lines.push_back("LIMITS" + limits_line);
  if (future_release_seconds != 0)
    lines.push_back("FUTURERELEASE " + std::to_string(future_release_seconds) + " " + rfc3339(future_release_until));
  if (!handoff.empty()) lines.push_back("XHANDOFF " + handoff);
  return lines;
}

}  // namespace ringpost::smtp
