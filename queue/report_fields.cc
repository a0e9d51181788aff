#include "queue/report_fields.h"

#include <algorithm>

#include "base/text.h"
#include "mail/trace.h"
#include "mail/xtext.h"
#include "queue/bounce.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t original_octets_max = 900;  // more would not fit a line: the field is optional
bool is_time_expired(const EnhancedCode& code) noexcept {
  return code.subject == 4 && code.detail == 7;
}

std::string_view action_of(ReportKind kind, const mail::DeliveryStatus& status) noexcept {
  if (kind == ReportKind::delay) return "delayed";
  if (kind != ReportKind::success) return "failed";
  const bool relayed = status.handover == mail::Handover::relayed || status.handover == mail::Handover::traced;
  return relayed ? "relayed" : "delivered";
}

// In UTF-8 where a line of UTF-8 may hold it, else with what is not ASCII written out.
std::string utf8_or_printable(const std::string& text, bool utf8) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const bool fits =
      utf8 && text.size() <= diagnostic_octets_max && mail::valid_utf8(text) && std::ranges::none_of(text, is_control);
  return fits ? text : printable(text, diagnostic_octets_max);
}

// RFC 6533 3: outside of a global report an address in UTF-8 is written as utf-8-addr-xtext.
std::string final_recipient(const mail::Address& address, bool utf8) {
  if (!address.needs_utf8()) return "rfc822; " + address.text();
  return "utf-8; " + (utf8 ? address.text() : mail::encode_utf8_addr(address.text()));
}

// As the sender gave it, decoded (RFC 3464 2.3.1); empty: it did not.
std::string original_recipient(const mail::Recipient& to, bool utf8) {
  const std::string_view given = to.original_recipient;
  const std::size_t semicolon = given.find(';');
  if (semicolon == std::string_view::npos) return {};
  const std::string_view type = given.substr(0, semicolon), address = given.substr(semicolon + 1);
  if (iequals(type, "utf-8")) {
    const auto decoded = mail::decode_utf8_addr(address);
    if (!decoded) return {};
    const std::string shown = utf8 ? utf8_or_printable(*decoded, true) : mail::encode_utf8_addr(*decoded);
    return shown.size() <= original_octets_max ? "utf-8; " + shown : std::string();
  }
  const auto decoded = mail::decode_xtext(address);
  if (!decoded) return {};
  return printable(type) + "; " + printable(*decoded, diagnostic_octets_max);
}

bool is_reply(std::string_view diagnostic) noexcept {
  return diagnostic.size() >= 3 && std::ranges::all_of(diagnostic.substr(0, 3), is_digit) &&
         (diagnostic.size() == 3 || diagnostic[3] == ' ');
}

class Fields {
 public:
  Fields(const BounceRequest& request, bool utf8) : request_(request), utf8_(utf8) {}

  std::string all() {
    const mail::Envelope& envelope = request_.original.envelope;
    // RFC 3464 2.2.1: only as the sender gave it, decoded.
    const auto envelope_id = mail::decode_xtext(envelope.envelope_id);
    if (envelope_id && !envelope_id->empty()) field("Original-Envelope-Id", printable(*envelope_id));
    field("Reporting-MTA", "dns; " + std::string(request_.hostname));
    field("Arrival-Date", date_text(envelope.received));
    // RFC 2852
    if (envelope.deliver_by.mode != mail::DeliverBy::Mode::none)
      field("Deliver-By-Date", date_text(envelope.deliver_by.deadline));
    field("X-Ringpost-Message", request_.original.id.text());
    for (const mail::DeliveryStatus& status : request_.statuses) add_recipient(status);
    return std::move(out_);
  }

 private:
  void field(std::string_view name, std::string_view value) { ((out_ += name) += ": ").append(value) += "\r\n"; }

  void add_recipient(const mail::DeliveryStatus& status) {
    const mail::Recipient& to = request_.original.envelope.recipients[status.recipient];
    out_ += "\r\n";
    const std::string original = original_recipient(to, utf8_);
    if (!original.empty()) field("Original-Recipient", original);
    field("Final-Recipient", final_recipient(to.address, utf8_));
    field("Action", action_of(request_.kind, status));
    field("Status", status_text(status.status.enhanced));
    add_remote(status);
    // A message that only became too old was tried last some time ago.
    const bool tried_now = !is_time_expired(status.status.enhanced) || !status.remote.empty();
    if (tried_now) field("Last-Attempt-Date", date_text(request_.now));
    if (request_.kind == ReportKind::delay) field("Will-Retry-Until", date_text(request_.retry_until));
  }

  void add_remote(const mail::DeliveryStatus& status) {
    const std::string_view remote = status.remote;
    const std::string_view host = remote.substr(0, remote.find_first_of("[:"));
    const bool named = !host.empty() && remote.find('[') != std::string_view::npos;
    if (named) field("Remote-MTA", "dns; " + printable(host));
    if (status.diagnostic.empty()) return;
    // What no server said is not of the type smtp (RFC 3464 2.3.6).
    const std::string type = named && is_reply(status.diagnostic) ? "smtp; " : "x-ringpost; ";
    field("Diagnostic-Code", type + printable(status.diagnostic, diagnostic_octets_max));
  }

  const BounceRequest& request_;
  const bool utf8_;
  std::string out_;
};

}  // namespace

std::string report_fields(const BounceRequest& request, bool utf8) {
  return Fields(request, utf8).all();
}

std::string status_text(const EnhancedCode& code) {
  return std::to_string(code.klass) + "." + std::to_string(code.subject) + "." + std::to_string(code.detail);
}

std::string date_text(WallTime time) {
  const std::string field = mail::date_field(time);  // "Date: Tue, ...\r\n"
  return field.substr(6, field.size() - 8);
}

}  // namespace ringpost::queue
