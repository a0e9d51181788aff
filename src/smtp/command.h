// One command line taken apart into verb and argument. The argument is a view into the line: it lives as long as the
// line's buffer does. What the argument means is for params.h; whether the verb may come now is for the session.
//
// Standards: RFC 5321 2.4 (case, trailing blanks), 4.1.1; RFC 3030 (BDAT), RFC 3207 (STARTTLS), RFC 4954 (AUTH),
// RFC 2033 (LHLO, known so that it can be refused by name). XHANDOFF is ours (handoff.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ringpost::smtp {

enum class Verb : std::uint8_t {
  unknown,
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  vrfy,
  expn,
  help,
  quit,
  starttls,
  auth,
  xhandoff
};

/// "EHLO", ...; "UNKNOWN" for unknown.
std::string_view to_string(Verb verb) noexcept;

struct Command {
  Verb verb = Verb::unknown;
  std::string_view argument;  // after the blanks behind the verb, without blanks at the end; may be empty
  std::string_view word;      // the verb as the peer wrote it; of an unknown command for the log
};

/// `line` without its CRLF. A verb we do not know is not an error but Verb::unknown: 500 5.5.1 is the session's to say.
/// Errors: invalid with 500 5.5.2 for an empty line, control octets (NUL, CR, LF, ...; HTAB counts as a blank), and
/// octets above 127 anywhere but in the argument of MAIL, RCPT, VRFY and EXPN, where SMTPUTF8 may allow them; too_large
/// with 500 5.5.6 for a line above limits::command_line_octets_max (AUTH: auth_line_octets_max).
Result<Command> parse_command(std::string_view line);

}  // namespace ringpost::smtp
