#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

struct Entry {
  Verb verb;
  std::string_view word;
  bool utf8_argument = false;  // RFC 6531 3.5 to 3.7.4
};

constexpr std::array<Entry, 16> verbs{{
    {Verb::mail, "MAIL", true},
    {Verb::rcpt, "RCPT", true},
    {Verb::data, "DATA"},
    {Verb::bdat, "BDAT"},
    {Verb::ehlo, "EHLO"},
    {Verb::quit, "QUIT"},
    {Verb::rset, "RSET"},
    {Verb::helo, "HELO"},
    {Verb::starttls, "STARTTLS"},
    {Verb::auth, "AUTH"},
    {Verb::noop, "NOOP"},
    {Verb::vrfy, "VRFY", true},
    {Verb::expn, "EXPN", true},
    {Verb::help, "HELP"},
    {Verb::lhlo, "LHLO"},
    {Verb::xhandoff, "XHANDOFF"},
}};

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}
bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127;
}
bool above_ascii(char c) noexcept {
  return static_cast<unsigned char>(c) > 127;
}

std::unexpected<Error> malformed(const char* why, std::string_view line) {
  return fail(ErrorKind::invalid, std::string(why) + ": " + printable(line, 80), {500, {5, 5, 2}});
}

}  // namespace

std::string_view to_string(Verb verb) noexcept {
  const auto* const entry = std::ranges::find(verbs, verb, &Entry::verb);
  return entry == verbs.end() ? "UNKNOWN" : entry->word;
}

Result<Command> parse_command(std::string_view line) {
  if (line.size() > limits::auth_line_octets_max) {
    return fail(ErrorKind::too_large, "command line too long", {500, {5, 5, 6}});
  }
  if (std::ranges::any_of(line, is_control)) return malformed("control octet in a command", line);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  const auto* const word_end = std::ranges::find_if(line, is_blank);

  Command command;
  command.word = std::string_view(line.begin(), word_end);
  if (command.word.empty()) return malformed("no verb", line);
  command.argument = trim(line.substr(command.word.size()));
  const auto* const entry =
      std::ranges::find_if(verbs, [&](const Entry& known) { return iequals(known.word, command.word); });
  if (entry != verbs.end()) command.verb = entry->verb;

  if (command.verb != Verb::auth && line.size() > limits::command_line_octets_max) {
    return fail(ErrorKind::too_large, "command line too long", {500, {5, 5, 6}});
  }
  const bool utf8_argument = entry != verbs.end() && entry->utf8_argument;
  if (!utf8_argument && std::ranges::any_of(line, above_ascii)) return malformed("8-bit octet in a command", line);
  return command;
}

}  // namespace ringpost::smtp
