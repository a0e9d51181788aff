// The arguments of MAIL, RCPT, BDAT, EHLO and HELO. Which parameters exist depends on what was offered: after HELO
// none. A parameter that is unknown or not offered is 555 5.5.4; one given twice or with an impossible value 501 5.5.4.
// One blank between the colon and the path is accepted, as "MAIL FROM: <a@b>" is what many programs send, though
// RFC 5321 3.3 forbids it; a path without angle brackets is not accepted.
//
// Standards: RFC 5321 4.1.1.2, 4.1.1.3, 4.1.1.11; RFC 1870 (SIZE), 6152 and 3030 (BODY, BDAT), 6531 (SMTPUTF8),
// 3461 (RET, ENVID, NOTIFY, ORCPT), 6533 (ORCPT=utf-8), 4954 5 (AUTH=, checked and then ignored: we trust nobody with
// it), 8689 2 (REQUIRETLS), 6710, 4865 and 2852 (MT-PRIORITY, HOLDFOR or HOLDUNTIL, BY: wishes.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "smtp/extensions.h"
#include "smtp/wishes.h"

namespace ringpost::smtp {

struct MailCommand {
  mail::Address reverse_path;
  std::optional<std::uint64_t> size;  // as declared; what it means for us is decided by the session (552 5.3.4)
  mail::BodyType body = mail::BodyType::seven_bit;
  bool smtputf8 = false;
  mail::DsnReturn ret = mail::DsnReturn::unspecified;
  std::string envelope_id;  // xtext as received
  bool requiretls = false;
  std::optional<std::int8_t> priority;
  std::optional<std::uint32_t> hold_for_seconds;  // at most one of these
  std::optional<WallTime> hold_until;
  std::optional<ByTime> by;
  bool operator==(const MailCommand&) const = default;
};

/// `argument` is what follows "MAIL ": "FROM:<path> parameters". Errors: invalid, with 501 5.5.4 (syntax, values),
/// 501 5.1.7 (the path), 553 5.6.7 (UTF-8 without SMTPUTF8), 555 5.5.4 (parameters).
Result<MailCommand> parse_mail(std::string_view argument, const Extensions& offered);

/// `argument` is what follows "RCPT ": "TO:<path> parameters". `smtputf8`: this transaction's MAIL said SMTPUTF8.
/// Errors as of parse_mail, with 501 5.1.3 for the path.
Result<mail::Recipient> parse_rcpt(std::string_view argument, const Extensions& offered, bool smtputf8);

struct BdatCommand {
  std::uint64_t octets = 0;
  bool last = false;
};

/// "SIZE" or "SIZE LAST". After an error the length of the chunk is unknown: the caller must close the session.
Result<BdatCommand> parse_bdat(std::string_view argument);

/// The identity a client claims: a domain (underscores are let pass, many hosts have them) or an address literal, at
/// most 255 octets. The view is into `argument`. Errors: invalid, 501 5.5.4.
Result<std::string_view> parse_helo(std::string_view argument);

}  // namespace ringpost::smtp
