#include "smtp/params.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "mail/xtext.h"
#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

constexpr PublicStatus bad_argument{501, {5, 5, 4}};
constexpr PublicStatus not_recognized{555, {5, 5, 4}};

std::unexpected<Error> bad_value(std::string_view what, std::string_view text) {
  return fail(ErrorKind::invalid, std::string("bad ").append(what) + ": " + printable(text, 100), bad_argument);
}

enum class Known : std::uint8_t {
  size,
  body,
  smtputf8,
  ret,
  envid,
  auth,
  requiretls,
  priority,
  hold_for,
  hold_until,
  by,
  notify,
  orcpt
};

struct Keyword {
  Known known;
  std::string_view word;
  bool of_mail;
};
constexpr std::array<Keyword, 13> keywords{{
    {Known::size, "SIZE", true},
    {Known::body, "BODY", true},
    {Known::smtputf8, "SMTPUTF8", true},
    {Known::ret, "RET", true},
    {Known::envid, "ENVID", true},
    {Known::auth, "AUTH", true},
    {Known::requiretls, "REQUIRETLS", true},
    {Known::priority, "MT-PRIORITY", true},
    {Known::hold_for, "HOLDFOR", true},
    {Known::hold_until, "HOLDUNTIL", true},
    {Known::by, "BY", true},
    {Known::notify, "NOTIFY", false},
    {Known::orcpt, "ORCPT", false},
}};

bool is_offered(Known known, const Extensions& offered) noexcept {
  switch (known) {
    case Known::size:
      return offered.size;
    case Known::body:
      return offered.eight_bit_mime || offered.binary_mime;
    case Known::smtputf8:
      return offered.smtputf8;
    case Known::ret:
    case Known::envid:
    case Known::notify:
    case Known::orcpt:
      return offered.dsn;
    case Known::priority:
      return offered.mt_priority;
    case Known::hold_for:
    case Known::hold_until:
      return offered.future_release_seconds != 0;
    case Known::by:
      return offered.deliver_by;
    case Known::auth:
      // RFC 4954 5: to be understood also before AUTH is possible, so wherever we speak ESMTP at all.
      return offered != Extensions{};
    case Known::requiretls:
      return offered.requiretls;
  }
  return false;
}

/// RFC 5321 4.1.2: esmtp-value, and RFC 6531 3.3 above ASCII.
bool is_value(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 33 && c <= 126 && c != '=') || static_cast<unsigned char>(c) > 127;
  });
}

bool is_keyword(std::string_view text) noexcept {
  return !text.empty() && is_alnum(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-'; });
}

struct Split {
  std::string_view path;  // without its brackets
  std::string_view parameters;
};

/// The '>' that closes the path at the start of `text`: not one within a quoted string or an address literal.
std::size_t closing_bracket(std::string_view text) noexcept {
  bool quoted = false, literal = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (literal) {
      if (c == ']') literal = false;
    } else if (c == '>') {
      return i;
    } else {
      quoted = c == '"';
      literal = c == '[';
    }
  }
  return std::string_view::npos;
}

Result<Split> split(std::string_view argument, std::string_view prefix) {
  if (!istarts_with(argument, prefix)) return bad_value("argument", argument);
  std::string_view rest = argument.substr(prefix.size());
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const std::size_t end = rest.starts_with('<') ? closing_bracket(rest) : std::string_view::npos;
  if (end == std::string_view::npos) return bad_value("path, it must stand in angle brackets", argument);
  const std::string_view behind = rest.substr(end + 1);
  if (!behind.empty() && behind.front() != ' ' && behind.front() != '\t') return bad_value("argument", argument);
  return Split{rest.substr(1, end - 1), trim(behind)};
}

/// The next parameter, checked against grammar, offer and repetition; `seen` has a bit for each that came before.
Result<std::pair<Known, std::string_view>> next_parameter(std::string_view& rest, bool of_mail,
                                                          const Extensions& offered, unsigned& seen) {
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest = trim(rest.substr(word.size()));
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value = has_value ? word.substr(equals + 1) : std::string_view();
  if (!is_keyword(name)) return bad_value("parameter", word);

  const auto* const keyword = std::ranges::find_if(
      keywords, [&](const Keyword& known) { return known.of_mail == of_mail && iequals(known.word, name); });
  if (keyword == keywords.end() || !is_offered(keyword->known, offered)) {
    return fail(ErrorKind::invalid, "parameter not offered: " + printable(word, 100), not_recognized);
  }
  const unsigned bit = 1u << static_cast<unsigned>(keyword->known);
  if ((seen & bit) != 0) {
    return bad_value("parameter, it came before", word);
  }
  seen |= bit;
  const bool wants_value = keyword->known != Known::smtputf8 && keyword->known != Known::requiretls;
  if (has_value != wants_value || (has_value && !is_value(value))) return bad_value("parameter", word);
  return std::pair(keyword->known, value);
}

std::optional<std::uint64_t> parse_declared_size(std::string_view value) noexcept {
  if (value.size() > limits::size_digits_max || !std::ranges::all_of(value, is_digit)) return std::nullopt;
  // Twenty digits may pass 64 bits; such a message is too large for anybody.
  return parse_unsigned(value).value_or(std::numeric_limits<std::uint64_t>::max());
}

bool is_printable_xtext(std::string_view text) {
  const auto decoded = mail::decode_xtext(text);
  return decoded && std::ranges::all_of(*decoded, [](char c) { return c >= 32 && c <= 126; });
}

Result<void> take_body(MailCommand& command, std::string_view value, const Extensions& offered) {
  if (iequals(value, "7BIT")) {
    command.body = mail::BodyType::seven_bit;
  } else if (iequals(value, "8BITMIME") && offered.eight_bit_mime) {
    command.body = mail::BodyType::eight_bit;
  } else if (iequals(value, "BINARYMIME") && offered.binary_mime) {
    command.body = mail::BodyType::binary;
  } else {
    return bad_value("BODY", value);
  }
  return {};
}

/// The wishes of RFC 6710, 4865 and 2852.
Result<void> take_wish(MailCommand& command, Known known, std::string_view value) {
  const auto keep = [value](auto& where, const auto& parsed, std::string_view what) -> Result<void> {
    if (!parsed) return bad_value(what, value);
    where = parsed;
    return {};
  };
  switch (known) {
    case Known::priority:
      return keep(command.priority, parse_priority(value), "MT-PRIORITY");
    case Known::hold_for:
      if (command.hold_until) return bad_value("HOLDFOR beside HOLDUNTIL", value);
      return keep(command.hold_for_seconds, parse_hold_for(value), "HOLDFOR");
    case Known::hold_until:
      if (command.hold_for_seconds) return bad_value("HOLDUNTIL beside HOLDFOR", value);
      return keep(command.hold_until, parse_hold_until(value), "HOLDUNTIL");
    default:
      return keep(command.by, parse_by(value), "BY");
  }
}

Result<void> take_mail_parameter(MailCommand& command, Known known, std::string_view value, const Extensions& offered) {
  switch (known) {
    case Known::size:
      command.size = parse_declared_size(value);
      if (!command.size) return bad_value("SIZE", value);
      break;
    case Known::body:
      return take_body(command, value, offered);
    case Known::smtputf8:
      command.smtputf8 = true;
      break;
    case Known::ret:
      if (iequals(value, "FULL")) {
        command.ret = mail::DsnReturn::full;
      } else if (iequals(value, "HDRS")) {
        command.ret = mail::DsnReturn::headers;
      } else {
        return bad_value("RET", value);
      }
      break;
    case Known::envid:
      if (value.size() > limits::envelope_id_octets_max || !is_printable_xtext(value)) return bad_value("ENVID", value);
      command.envelope_id = value;
      break;
    case Known::auth:
      if (value.size() > limits::auth_parameter_octets_max || !(value == "<>" || mail::valid_xtext(value))) {
        return bad_value("AUTH", value);
      }
      break;
    case Known::requiretls:
      command.requiretls = true;
      break;
    case Known::priority:
    case Known::hold_for:
    case Known::hold_until:
    case Known::by:
      return take_wish(command, known, value);
    case Known::notify:
    case Known::orcpt:
      break;  // not of MAIL: next_parameter has refused them
  }
  return {};
}

/// RFC 3461 4.1: NEVER alone, or some of the others.
Result<mail::Notify> parse_notify(std::string_view value) {
  if (iequals(value, "NEVER")) return mail::Notify{mail::Notify::never};
  mail::Notify notify;
  for (std::string_view rest = value;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (iequals(word, "SUCCESS")) {
      notify.bits |= mail::Notify::success;
    } else if (iequals(word, "FAILURE")) {
      notify.bits |= mail::Notify::failure;
    } else if (iequals(word, "DELAY")) {
      notify.bits |= mail::Notify::delay;
    } else {
      return bad_value("NOTIFY", value);
    }
    if (comma == std::string_view::npos) return notify;
    rest.remove_prefix(comma + 1);
  }
}

/// RFC 3461 4.2: addr-type ";" xtext, and RFC 6533 3 for the type utf-8.
bool is_original_recipient(std::string_view value, bool smtputf8) {
  const std::size_t semicolon = value.find(';');
  if (value.size() > limits::original_recipient_octets_max || semicolon == std::string_view::npos) return false;
  const std::string_view type = value.substr(0, semicolon), address = value.substr(semicolon + 1);
  if (!is_keyword(type) || address.empty()) return false;
  if (iequals(type, "utf-8")) return mail::valid_utf8_addr(address, smtputf8);
  return is_printable_xtext(address);
}

}  // namespace

Result<MailCommand> parse_mail(std::string_view argument, const Extensions& offered) {
  auto parts = split(argument, "FROM:");
  if (!parts) return propagate(parts);
  MailCommand command;
  unsigned seen = 0;
  while (!parts->parameters.empty()) {
    auto parameter = next_parameter(parts->parameters, true, offered, seen);
    if (!parameter) return propagate(parameter);
    auto taken = take_mail_parameter(command, parameter->first, parameter->second, offered);
    if (!taken) return propagate(taken);
  }
  auto address = mail::parse_address(parts->path, command.smtputf8, true);
  if (!address) return propagate(address);
  command.reverse_path = std::move(*address);
  return command;
}

Result<mail::Recipient> parse_rcpt(std::string_view argument, const Extensions& offered, bool smtputf8) {
  auto parts = split(argument, "TO:");
  if (!parts) return propagate(parts);
  mail::Recipient recipient;
  unsigned seen = 0;
  while (!parts->parameters.empty()) {
    auto parameter = next_parameter(parts->parameters, false, offered, seen);
    if (!parameter) return propagate(parameter);
    if (parameter->first == Known::notify) {
      auto notify = parse_notify(parameter->second);
      if (!notify) return propagate(notify);
      recipient.notify = *notify;
    } else {
      if (!is_original_recipient(parameter->second, smtputf8)) return bad_value("ORCPT", parameter->second);
      recipient.original_recipient = parameter->second;
    }
  }
  auto address = mail::parse_address(parts->path, smtputf8, false);
  if (!address) return propagate(address);
  recipient.address = std::move(*address);
  return recipient;
}

Result<BdatCommand> parse_bdat(std::string_view argument) {
  const std::string_view number = argument.substr(0, argument.find_first_of(" \t"));
  const std::string_view behind = trim(argument.substr(number.size()));
  const auto octets = parse_unsigned(number);
  if (!octets || !(behind.empty() || iequals(behind, "LAST"))) return bad_value("BDAT", argument);
  return BdatCommand{*octets, !behind.empty()};
}

Result<std::string_view> parse_helo(std::string_view argument) {
  if (argument.size() <= limits::domain_octets_max) {
    std::string without_underscores(argument);
    std::ranges::replace(without_underscores, '_', 'x');
    if (mail::valid_domain(without_underscores, false) || mail::valid_address_literal(argument)) return argument;
  }
  return bad_value("identity", argument);
}

}  // namespace ringpost::smtp
