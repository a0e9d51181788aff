// XHANDOFF: what a node tells a sibling about the message it hands over next, so that the sibling keeps it as if it had
// taken it itself: who sent it, when it came, and what its sender has heard meanwhile. Said after EHLO and before MAIL,
// for one transaction; offered only to the networks of [[listener]] handoff_from. An ESMTP extension of ours, after the
// model of Postfix's XFORWARD and XCLIENT: attributes "NAME=xtext", in any order, each at most once, and the names
// without regard to case. What is not known is left out.
//
//   IDENT     the id of the message in the sender's queue; required
//   TIME      when it was accepted first, milliseconds since 1970; required
//   ADDR      address of the client that sent it
//   NAME      what that client called itself in EHLO or HELO
//   PROTO     "with" of its Received field
//   LOGIN     whom it had authenticated as
//   LISTENER  role of the listener that took it, or what we made ourselves ("bounce")
//   TRUST     YES: it might relay
//   DELAY     TOLD: the sender has heard that delivery takes longer
//   PRIORITY  -9 to 9, where it is not 0
//   HOLD      it leaves no earlier: milliseconds since 1970
//   BY        the deadline: milliseconds since 1970, a semicolon, R or N, and T as in BY= of MAIL
//
// Of these three MAIL says nothing then: to a sibling times are absolute, and a priority was judged when it came. The
// rest goes where it always goes: BODY, SMTPUTF8, RET, ENVID and REQUIRETLS with MAIL, NOTIFY and ORCPT with RCPT,
// TLS-Required in the header. A parser without I/O: what a peer sends here is as hostile as anything.
// docs/decisions/0022-handoff.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "mail/envelope.h"

namespace ringpost::smtp {

struct Provenance {
  MessageId id;
  WallTime received;  // not before 2020; it may lie in the future, where the clocks of two nodes differ
  mail::Origin origin;
  bool delay_told = false;
  std::int8_t priority = mail::Priority::normal;
  WallTime not_before;
  mail::DeliverBy deliver_by;
  bool operator==(const Provenance&) const = default;
};

/// `argument` is what follows "XHANDOFF ". Errors: invalid, 501 5.5.4: an attribute that is unknown, twice, missing or
/// of no possible value.
Result<Provenance> parse_handoff(std::string_view argument);
/// The whole command without its CRLF; parse_handoff() reads the same value back. Errors: invalid, where it could not.
Result<std::string> handoff_command(const Provenance& provenance);

}  // namespace ringpost::smtp
