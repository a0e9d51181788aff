#include "smtp/handoff.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "mail/address.h"
#include "mail/xtext.h"
#include "smtp/limits.h"
#include "smtp/params.h"
#include "smtp/wishes.h"

namespace ringpost::smtp {
namespace {

constexpr PublicStatus bad_argument{501, {5, 5, 4}};
constexpr std::size_t login_octets_max = 512;  // longer ones name nobody (sasl)
constexpr std::size_t word_octets_max = 32;
constexpr std::int64_t earliest = 1'577'836'800'000;  // the year 2020: before there was a queue of ours
constexpr std::int64_t latest = 253'402'300'799'999;  // the last moment of the year 9999, which RFC 3339 can write

std::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(ErrorKind::invalid, std::string("bad XHANDOFF attribute ").append(what) + ": " + printable(text, 100),
              bad_argument);
}

bool is_address(const std::string& text) noexcept {
  std::array<char, sizeof(in6_addr)> octets{};
  if (text.find('\0') != std::string::npos) return false;  // what follows would not be looked at
  return ::inet_pton(AF_INET, text.c_str(), octets.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), octets.data()) == 1;
}

bool is_protocol(std::string_view text) noexcept {
  return text.size() <= word_octets_max && std::ranges::all_of(text, is_alnum);
}

bool is_login(std::string_view text) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
  return text.size() <= login_octets_max && mail::valid_utf8(text) && std::ranges::none_of(text, is_control);
}

/// "mx", "double bounce".
bool is_listener(std::string_view text) noexcept {
  return text.size() <= word_octets_max && !text.starts_with(' ') && !text.ends_with(' ') &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == ' '; });
}

std::optional<WallTime> parse_time(std::string_view text) noexcept {
  const auto time = parse_unsigned(text);
  if (!time || *time < earliest || *time > latest) return std::nullopt;
  return WallTime{static_cast<std::int64_t>(*time)};
}

bool take_priority(Provenance& into, std::string_view value) noexcept {
  const auto priority = parse_priority(value);
  into.priority = priority.value_or(mail::Priority::normal);
  return priority.has_value();
}

bool take_deliver_by(mail::DeliverBy& into, std::string_view value) noexcept {
  const std::size_t semicolon = std::min(value.find(';'), value.size());
  const auto deadline = parse_time(value.substr(0, semicolon));
  const auto by = parse_by("1" + std::string(value.substr(semicolon)));  // its letters are those of MAIL
  if (!deadline || !by) return false;
  into = {by->mode, by->trace, *deadline};
  return true;
}

std::string deliver_by_text(const mail::DeliverBy& wanted) {
  if (wanted.mode == mail::DeliverBy::Mode::none) return {};
  const std::string letters = to_string(ByTime{1, wanted.mode, wanted.trace}).substr(1);
  return std::to_string(wanted.deadline.milliseconds) + letters;
}

/// False: not a possible value of it. An attribute that is there has one.
bool take(Provenance& into, std::size_t attribute, const std::string& value) {
  mail::Origin& origin = into.origin;
  const auto keep = [&value](std::string& where, bool possible) {
    if (possible) where = value;
    return possible;
  };
  switch (attribute) {
    case 0: {
      const auto id = MessageId::parse(value);
      if (id) into.id = *id;
      return id.has_value();
    }
    case 1: {
      const auto time = parse_time(value);
      into.received = time.value_or(WallTime{});
      return time.has_value();
    }
    case 2:
      return keep(origin.client_address, is_address(value));
    case 3:
      return keep(origin.helo, parse_helo(value).has_value());
    case 4:
      return keep(origin.protocol, is_protocol(value));
    case 5:
      return keep(origin.login, is_login(value));
    case 6:
      return keep(origin.listener, is_listener(value));
    case 7:
      return origin.trusted = value == "YES";
    case 8:
      return into.delay_told = value == "TOLD";
    case 9:
      return take_priority(into, value);
    case 10: {
      const auto time = parse_time(value);
      into.not_before = time.value_or(WallTime{});
      return time.has_value();
    }
    default:
      return take_deliver_by(into.deliver_by, value);
  }
}

constexpr std::array<std::string_view, 12> names{"IDENT",    "TIME",  "ADDR",  "NAME",     "PROTO", "LOGIN",
                                                 "LISTENER", "TRUST", "DELAY", "PRIORITY", "HOLD",  "BY"};

}  // namespace

Result<Provenance> parse_handoff(std::string_view argument) {
  Provenance provenance;
  std::array<bool, names.size()> seen{};
  for (argument = trim(argument); !argument.empty(); argument = trim(argument)) {
    const std::string_view word = argument.substr(0, argument.find_first_of(" \t"));
    argument.remove_prefix(word.size());
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, equals);
    const auto* const known = std::ranges::find_if(names, [&](std::string_view each) { return iequals(each, name); });
    if (known == names.end()) return bad("name", name);
    const auto attribute = static_cast<std::size_t>(known - names.begin());
    const auto value = mail::decode_xtext(word.substr(std::min(equals + 1, word.size())));
    if (std::exchange(seen[attribute], true)) return bad("given twice", name);
    if (!value || value->empty() || !take(provenance, attribute, *value)) return bad(name, word);
  }
  if (!seen[0] || !seen[1]) return bad("IDENT or TIME", "missing");
  return provenance;
}

Result<std::string> handoff_command(const Provenance& provenance) {
  const mail::Origin& origin = provenance.origin;
  const int priority = provenance.priority;
  const bool held = provenance.not_before != WallTime{};
  const std::array<std::string, names.size()> values{provenance.id.text(),
                                                     std::to_string(provenance.received.milliseconds),
                                                     origin.client_address,
                                                     origin.helo,
                                                     origin.protocol,
                                                     origin.login,
                                                     origin.listener,
                                                     origin.trusted ? "YES" : "",
                                                     provenance.delay_told ? "TOLD" : "",
                                                     priority == mail::Priority::normal ? "" : std::to_string(priority),
                                                     held ? std::to_string(provenance.not_before.milliseconds) : "",
                                                     deliver_by_text(provenance.deliver_by)};
  std::string arguments;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (values[i].empty()) continue;
    arguments.append(" ").append(names[i]).append("=").append(mail::encode_xtext(values[i]));
  }
  // The reader is the measure: what it would not take for the same must not be said.
  auto read = parse_handoff(arguments);
  if (!read) return propagate(read);
  if (*read != provenance) return bad("value", arguments);
  std::string command = "XHANDOFF" + arguments;
  if (command.size() > limits::command_line_octets_max) return bad("length", std::to_string(command.size()));
  return command;
}

}  // namespace ringpost::smtp
