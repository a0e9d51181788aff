#include "queue/bounce.h"

#include <algorithm>

#include "base/text.h"
#include "mail/body_scan.h"
#include "mail/trace.h"
#include "queue/report_fields.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t line_octets_max = 998;  // RFC 5322 2.1.1

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

std::string quotation(const BounceRequest& request) {
  if (!request.whole) return header_lines(request.quoted);
  std::string quoted(request.quoted);
  if (!quoted.ends_with("\r\n")) quoted += "\r\n";
  return quoted;
}

class Composer {
 public:
  explicit Composer(const BounceRequest& request)
      : request_(request),
        boundary_("=_" + request.id.text()),
        quoted_(quotation(request)),
        quoted_eight_bit_(is_eight_bit(quoted_)),
        utf8_(needs_utf8()),
        text_(words()),
        text_eight_bit_(is_eight_bit(text_)) {}

  Bounce compose() {
    put_header();
    start_part(text_eight_bit_ ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", text_eight_bit_);
    out_ += text_;
    const std::string fields = report_fields(request_, utf8_);
    start_part(utf8_ ? "message/global-delivery-status" : "message/delivery-status", is_eight_bit(fields));
    out_ += fields;
    line("");
    put_original();
    out_ += "--" + boundary_ + "--\r\n";
    Bounce bounce;
    bounce.envelope.recipients.push_back({request_.to, {mail::Notify::never}, {}});
    bounce.envelope.smtputf8 = utf8_;
    bounce.envelope.tls = original().tls;  // what was asked for the original holds for what quotes it (RFC 8689 5, 6)
    bounce.envelope.body = is_eight_bit(out_) ? mail::BodyType::eight_bit : mail::BodyType::seven_bit;
    bounce.envelope.origin.listener = request_.kind == ReportKind::double_bounce ? double_bounce_origin : bounce_origin;
    bounce.envelope.received = request_.now;
    bounce.envelope.priority = original().priority;  // RFC 6710
    mail::BodyScan scan;
    scan.feed(out_);
    scan.finish();
    bounce.facts = scan.facts();
    bounce.body = std::move(out_);
    return bounce;
  }

 private:
  const mail::Envelope& original() const { return request_.original.envelope; }
  // RFC 6533: only who sent with SMTPUTF8 is known to read it, and only where there is something to read.
  bool needs_utf8() const {
    if (request_.to.needs_utf8()) return true;
    if (!original().smtputf8 || request_.kind == ReportKind::double_bounce) return false;
    return quoted_eight_bit_ || std::ranges::any_of(request_.statuses, [&](const mail::DeliveryStatus& status) {
             const mail::Recipient& to = original().recipients[status.recipient];
             return to.address.needs_utf8() || istarts_with(to.original_recipient, "utf-8;");
           });
  }
  void line(std::string_view text) { (out_ += text) += "\r\n"; }
  std::string shown(const mail::Address& address) const {
    const std::string text = address.text();
    return utf8_ ? text : printable(text, mail::path_octets_max * 4);
  }

  void put_header() {
    const std::string host(request_.hostname);
    out_ += mail::received_field(trace_envelope(), host, request_.id);
    out_ += mail::date_field(request_.now);
    line("From: Mail Delivery System <MAILER-DAEMON@" + host + ">");
    line("To: <" + request_.to.text() + ">");
    line("Subject: " + request_.texts.of(request_.kind).subject);
    out_ += mail::message_id_field(request_.id, host);
    line("Auto-Submitted: auto-replied");
    if (original().tls == mail::TlsWish::optional) line("TLS-Required: No");
    line("MIME-Version: 1.0");
    line("Content-Type: multipart/report; report-type=delivery-status;");
    line("\tboundary=\"" + boundary_ + "\"");
    if (utf8_ || quoted_eight_bit_ || text_eight_bit_) line("Content-Transfer-Encoding: 8bit");
    line("");
  }

  mail::Envelope trace_envelope() const {
    mail::Envelope envelope;
    envelope.recipients.push_back({request_.to, {}, {}});
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

  std::string words() const {
    std::string recipients;
    for (const mail::DeliveryStatus& status : request_.statuses) {
      recipients += "  <" + shown(original().recipients[status.recipient].address) + ">\r\n";
      const std::string why = printable(status.diagnostic, diagnostic_octets_max);
      recipients += "    " + status_text(status.status.enhanced) + (why.empty() ? "" : ": " + why) + "\r\n";
      if (!status.remote.empty())
        recipients += "    (reported by " + printable(status.remote, diagnostic_octets_max) + ")\r\n";
      recipients += "\r\n";
    }
    const std::string sender = original().reverse_path.is_null() ? "<>" : shown(original().reverse_path);
    const std::string message = request_.original.id.text();
    const std::string arrived = date_text(original().received), retry_until = date_text(request_.retry_until);
    const ReportFacts facts{request_.hostname, sender, message, arrived, retry_until, recipients};
    return fill_report_text(request_.texts.of(request_.kind).body, facts);
  }

  void put_original() {
    const bool global = utf8_ && quoted_eight_bit_;
    std::string_view type = global ? "message/global-headers" : "text/rfc822-headers";
    if (request_.whole) type = global ? "message/global" : "message/rfc822";
    start_part(type, quoted_eight_bit_);
    out_ += quoted_;
    line("");
  }

  const BounceRequest& request_;
  const std::string boundary_;
  const std::string quoted_;
  const bool quoted_eight_bit_;
  const bool utf8_;
  const std::string text_;
  const bool text_eight_bit_;
  std::string out_;
};

}  // namespace

bool returns_whole(const Options& options, const Message& original, ReportKind kind) noexcept {
  const mail::BodyFacts& facts = original.facts;
  return kind == ReportKind::failure && original.envelope.ret == mail::DsnReturn::full &&
         original.envelope.tls != mail::TlsWish::required &&  // RFC 8689 5: as if RET=HDRS had been said
         original.envelope.body != mail::BodyType::binary && !facts.bare_cr_or_lf && !facts.nul &&
         facts.line_octets_max <= line_octets_max && original.prefix.size() + facts.octets <= options.return_octets_max;
}

Bounce compose_bounce(const BounceRequest& request) {
  return Composer(request).compose();
}

}  // namespace ringpost::queue
