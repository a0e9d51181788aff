// What SMTP said about a message, apart from the message itself: who sent it, to whom, with which wishes; and who
// handed it to us. Written once when a message is accepted, read by the queue and by every delivery.
//
// Standards: RFC 5321 2.3.1, RFC 3461 (DSN), RFC 6152 and 3030 (BODY), RFC 6531 (SMTPUTF8), RFC 8689 (REQUIRETLS),
// RFC 6710 (MT-PRIORITY), RFC 4865 (FUTURERELEASE), RFC 2852 (DELIVERBY).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/address.h"

namespace ringpost::mail {

enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };
enum class DsnReturn : std::uint8_t { unspecified, full, headers };

/// NOTIFY= of RFC 3461 4.1, as a set. `unspecified` means failure (and delay, at our discretion).
struct Notify {
  static constexpr std::uint8_t unspecified = 0, never = 1, success = 2, failure = 4, delay = 8;
  std::uint8_t bits = unspecified;
  bool operator==(const Notify&) const = default;
};

struct Recipient {
  Address address;
  Notify notify;
  std::string original_recipient;  // ORCPT as received: "rfc822;xtext"
  // A sibling that handed us the message had told the sender that it takes longer.
  bool delay_told = false;
  bool operator==(const Recipient&) const = default;
};

/// What the sender wants of TLS on every hop from here on (RFC 8689).
enum class TlsWish : std::uint8_t {
  as_configured,
  required,  // REQUIRETLS with MAIL: verified TLS and a next hop that takes REQUIRETLS, or none
  optional,  // "TLS-Required: No" in the header: rather in clear text than not at all
};

/// As logs and the queue's verbs show it.
constexpr std::string_view to_string(TlsWish wish) noexcept {
  switch (wish) {
    case TlsWish::required:
      return "required";
    case TlsWish::optional:
      return "optional";
    case TlsWish::as_configured:
      break;
  }
  return "as configured";
}

/// What the destination of mail with this wish ends in: it shares no connection with other mail (relay/route.h).
constexpr std::string_view destination_suffix(TlsWish wish) noexcept {
  switch (wish) {
    case TlsWish::required:
      return ",requiretls";
    case TlsWish::optional:
      return ",tls-optional";
    case TlsWish::as_configured:
      break;
  }
  return "";
}

/// The destination without that: who answers there, and what they bear, is the same.
constexpr std::string_view without_wish(std::string_view destination) noexcept {
  for (const TlsWish wish : {TlsWish::required, TlsWish::optional})
    if (destination.ends_with(destination_suffix(wish)))
      return destination.substr(0, destination.size() - destination_suffix(wish).size());
  return destination;
}

/// BY= of RFC 2852: what is to happen when the message has not been delivered by `deadline`.
struct DeliverBy {
  enum class Mode : std::uint8_t { none, notify, give_back };  // give_back: R, "return"
  Mode mode = Mode::none;
  bool trace = false;  // T: a report of every hop's relaying
  WallTime deadline;
  bool operator==(const DeliverBy&) const = default;
};

/// MT-PRIORITY of RFC 6710.
struct Priority {
  static constexpr int lowest = -9, normal = 0, highest = 9;
};

/// Who handed us the message; none of it is needed to deliver it.
struct Origin {
  std::string client_address;  // "192.0.2.1", "2001:db8::1"; empty for what we made ourselves
  std::string helo;
  std::string login;     // authenticated identity, empty without AUTH
  std::string protocol;  // "ESMTP", "ESMTPSA", ... (RFC 3848)
  std::string listener;  // role of the listener, or of what we made ourselves: "bounce", "double bounce"
  bool trusted = false;  // it might relay: authenticated, of a trusted network, or with a trusted certificate
  bool operator==(const Origin&) const = default;
};

struct Envelope {
  Address reverse_path;
  std::vector<Recipient> recipients;
  BodyType body = BodyType::seven_bit;
  bool smtputf8 = false;
  DsnReturn ret = DsnReturn::unspecified;
  std::string envelope_id;  // ENVID as received (xtext)
  TlsWish tls = TlsWish::as_configured;
  std::int8_t priority = Priority::normal;
  WallTime not_before;  // it leaves no earlier (RFC 4865, HOLDFOR and HOLDUNTIL); 0: at once
  DeliverBy deliver_by;
  Origin origin;
  WallTime received;
  /// What it wants of the next hop. A bounce is rather sent unprotected than not at all (RFC 8689 5).
  TlsWish next_hop_tls() const {
    return tls == TlsWish::required && reverse_path.is_null() ? TlsWish::as_configured : tls;
  }
  bool operator==(const Envelope&) const = default;
};

/// What the data decoder learned while the body passed by, so that delivery need not look again.
struct BodyFacts {
  std::uint64_t octets = 0;           // of the body as stored: stuffed dots removed, final dot not counted
  std::uint64_t header_octets = 0;    // up to and with the empty line that ends the header; == octets if there is none
  std::uint32_t line_octets_max = 0;  // longest line without its CRLF
  std::uint32_t received_fields = 0;  // "Received:" fields in the header: the hop count
  bool eight_bit = false;
  bool nul = false;
  bool dot_at_line_start = false;  // some line begins with a dot: delivery must stuff
  bool ends_with_crlf = true;
  bool bare_cr_or_lf = false;  // of BDAT bodies; DATA refuses or normalises them
  bool has_date = false, has_message_id = false, has_from = false;
  bool operator==(const BodyFacts&) const = default;
};

}  // namespace ringpost::mail
