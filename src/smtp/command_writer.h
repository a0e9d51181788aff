// The commands a client says, as octets with their CRLF: the other direction of params.h. A parameter is written only
// where the server offered its extension, so whoever must not lose one (an 8-bit body, a UTF-8 address) asks
// Extensions first.
//
// Standards: RFC 5321 4.1.1; RFC 1870 (SIZE), 6152 and 3030 (BODY, BDAT), 6531 (SMTPUTF8), 3461 (DSN), 8689
// (REQUIRETLS), 6710 (MT-PRIORITY), 2852 (BY). HOLDFOR and HOLDUNTIL are never said: we are who holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/envelope.h"
#include "smtp/extensions.h"
#include "smtp/params.h"

namespace ringpost::smtp {

/// Appends one line. Errors: invalid, when a value holds CR, LF or NUL and would become a command of its own; `out` is
/// then as before.
Result<void> append_mail(std::string& out, const MailCommand& mail, const Extensions& offered);
Result<void> append_rcpt(std::string& out, const mail::Recipient& recipient, const Extensions& offered);
void append_bdat(std::string& out, std::uint64_t octets, bool last);

/// Appends `text` with a dot in front of every dot that begins a line (RFC 5321 4.5.2). `at_line_start` is carried from
/// piece to piece; true before the first. A line begins behind LF, whatever stands before it: what must not go out as
/// DATA, a bare LF, is then still no end of data for a lenient peer.
void append_stuffed(std::string& out, std::string_view text, bool& at_line_start);

}  // namespace ringpost::smtp
