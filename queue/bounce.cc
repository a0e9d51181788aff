#include "queue/bounce.h"

#include <algorithm>

#include "base/text.h"
#include "mail/body_scan.h"
#include "mail/trace.h"
#include "mail/xtext.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t line_octets_max = 998;        // RFC 5322 2.1.1
constexpr std::size_t diagnostic_octets_max = 512;  // a field of a report stays one line

std::string status_text(const EnhancedCode& code) {
  return std::to_string(code.klass) + "." + std::to_string(code.subject) + "." + std::to_string(code.detail);
}

bool is_eight_bit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// Whole lines of the header, without the empty one at its end; bare CR and LF become line ends, lines beyond what a
// message may have are cut, and so is an unfinished last line.
std::string header_lines(std::string_view header) {
  std::string lines;
  while (!header.empty()) {
    const std::size_t end = header.find_first_of("\r\n");
    if (end == std::string_view::npos) break;
    std::string line(header.substr(0, std::min(end, line_octets_max)));
    header.remove_prefix(header.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    std::erase(line, '\0');
    if (!line.empty()) lines += line + "\r\n";
  }
  return lines;
}

class Composer {
 public:
  explicit Composer(const BounceRequest& request)
      : request_(request),
        boundary_("=_" + request.id.text()),
        header_(header_lines(request.original_header)),
        utf8_(needs_utf8()),
        header_eight_bit_(is_eight_bit(header_)) {}

  Bounce compose() {
    put_header();
    put_words();
    put_status();
    put_original();
    out_ += "--" + boundary_ + "--\r\n";
    Bounce bounce;
    bounce.envelope.recipients.push_back({request_.original.envelope.reverse_path, {mail::Notify::never}, {}});
    bounce.envelope.smtputf8 = utf8_;
    bounce.envelope.body = is_eight_bit(out_) ? mail::BodyType::eight_bit : mail::BodyType::seven_bit;
    bounce.envelope.origin.listener = "bounce";
    bounce.envelope.received = request_.now;
    mail::BodyScan scan;
    scan.feed(out_);
    scan.finish();
    bounce.facts = scan.facts();
    bounce.body = std::move(out_);
    return bounce;
  }

 private:
  const mail::Address& sender() const { return request_.original.envelope.reverse_path; }
  const mail::Recipient& recipient(const mail::DeliveryStatus& status) const {
    return request_.original.envelope.recipients[status.recipient];
  }
  bool needs_utf8() const {
    return sender().needs_utf8() || std::ranges::any_of(request_.failed, [&](const mail::DeliveryStatus& status) {
             return recipient(status).address.needs_utf8();
           });
  }
  void line(std::string_view text) { (out_ += text) += "\r\n"; }

  void put_header() {
    const std::string host(request_.hostname);
    out_ += mail::received_field(trace_envelope(), host, request_.id);
    out_ += mail::date_field(request_.now);
    line("From: Mail Delivery System <MAILER-DAEMON@" + host + ">");
    line("To: <" + sender().text() + ">");
    line("Subject: Undelivered Mail Returned to Sender");
    out_ += mail::message_id_field(request_.id, host);
    line("Auto-Submitted: auto-replied");
    line("MIME-Version: 1.0");
    line("Content-Type: multipart/report; report-type=delivery-status;");
    line("\tboundary=\"" + boundary_ + "\"");
    if (utf8_ || header_eight_bit_) line("Content-Transfer-Encoding: 8bit");
    line("");
  }

  mail::Envelope trace_envelope() const {
    mail::Envelope envelope;
    envelope.recipients.push_back({sender(), {}, {}});
    envelope.received = request_.now;
    envelope.smtputf8 = utf8_;
    return envelope;
  }

  void start_part(std::string_view type, bool eight_bit) {
    line("--" + boundary_);
    line("Content-Type: " + std::string(type));
    if (eight_bit) line("Content-Transfer-Encoding: 8bit");
    line("");
  }

  void put_words() {
    start_part(utf8_ ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", utf8_);
    line("This is the mail system at " + std::string(request_.hostname) + ".");
    line("");
    line("Your message could not be delivered to the recipients below. It will not be");
    line("tried again. The reports of the systems concerned follow, and the header of");
    line("your message is attached.");
    line("");
    for (const mail::DeliveryStatus& status : request_.failed) {
      line("  <" + recipient(status).address.text() + ">");
      const std::string why = printable(status.diagnostic, diagnostic_octets_max);
      line("    " + status_text(status.status.enhanced) + (why.empty() ? "" : ": " + why));
      if (!status.remote.empty()) line("    (reported by " + printable(status.remote, diagnostic_octets_max) + ")");
      line("");
    }
  }

  void put_status() {
    start_part(utf8_ ? "message/global-delivery-status" : "message/delivery-status", utf8_);
    const mail::Envelope& envelope = request_.original.envelope;
    // RFC 3464 2.2.1: only as the sender gave it, decoded.
    const auto envelope_id = mail::decode_xtext(envelope.envelope_id);
    if (envelope_id && !envelope_id->empty()) line("Original-Envelope-Id: " + printable(*envelope_id));
    line("Reporting-MTA: dns; " + std::string(request_.hostname));
    std::string date = mail::date_field(envelope.received);
    line("Arrival-Date:" + date.substr(date.find(':') + 1, date.size() - date.find(':') - 3));
    line("X-Ringpost-Message: " + request_.original.id.text());
    for (const mail::DeliveryStatus& status : request_.failed) put_recipient(status);
    line("");
  }

  void put_recipient(const mail::DeliveryStatus& status) {
    const mail::Recipient& to = recipient(status);
    line("");
    const std::string original = original_recipient(to);
    if (!original.empty()) line("Original-Recipient: " + original);
    line(std::string("Final-Recipient: ") + (to.address.needs_utf8() ? "utf-8; " : "rfc822; ") + to.address.text());
    line("Action: failed");
    line("Status: " + status_text(status.status.enhanced));
    if (status.remote.empty()) return put_diagnostic("x-ringpost", status);
    const std::string_view host = std::string_view(status.remote).substr(0, status.remote.find_first_of("[:"));
    if (!host.empty() && status.remote.find('[') != std::string::npos) {
      line("Remote-MTA: dns; " + printable(host));
      put_diagnostic("smtp", status);
    } else {
      put_diagnostic("x-ringpost", status);
    }
  }

  void put_diagnostic(std::string_view type, const mail::DeliveryStatus& status) {
    if (status.diagnostic.empty()) return;
    line("Diagnostic-Code: " + std::string(type) + "; " + printable(status.diagnostic, diagnostic_octets_max));
  }

  static std::string original_recipient(const mail::Recipient& to) {
    const std::size_t semicolon = to.original_recipient.find(';');
    if (semicolon == std::string::npos) return {};
    const auto decoded = mail::decode_xtext(std::string_view(to.original_recipient).substr(semicolon + 1));
    if (!decoded) return {};
    return printable(to.original_recipient.substr(0, semicolon)) + "; " + printable(*decoded, diagnostic_octets_max);
  }

  void put_original() {
    start_part(header_eight_bit_ ? "message/global-headers" : "text/rfc822-headers", header_eight_bit_);
    out_ += header_;
    line("");
  }

  const BounceRequest& request_;
  const std::string boundary_;
  const std::string header_;
  const bool utf8_;
  const bool header_eight_bit_;
  std::string out_;
};

}  // namespace

Bounce compose_bounce(const BounceRequest& request) {
  return Composer(request).compose();
}

}  // namespace ringpost::queue
