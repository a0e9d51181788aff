#include "smtp/command_writer.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::smtp {

namespace {

Result<void> end_line(std::string& out, std::size_t start) {
  const std::string_view line = std::string_view(out).substr(start);
  if (std::ranges::any_of(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
    const std::string shown = printable(line);
    out.resize(start);
    return fail(ErrorKind::invalid, "cannot be said in one line: " + shown, {553, {5, 1, 3}});
  }
  out += "\r\n";
  return {};
}

void append_notify(std::string& out, mail::Notify notify) {
  if (notify.bits == mail::Notify::unspecified) return;
  out += " NOTIFY=";
  if ((notify.bits & mail::Notify::never) != 0) {
    out += "NEVER";
    return;
  }
  auto add = [&out, first = true](std::string_view word) mutable {
    if (!first) out += ',';
    out += word;
    first = false;
  };
  if ((notify.bits & mail::Notify::success) != 0) add("SUCCESS");
  if ((notify.bits & mail::Notify::failure) != 0) add("FAILURE");
  if ((notify.bits & mail::Notify::delay) != 0) add("DELAY");
}

}  // namespace

Result<void> append_mail(std::string& out, const MailCommand& mail, const Extensions& offered) {
  const std::size_t start = out.size();
  out += "MAIL FROM:<";
  out += mail.reverse_path.text();
  out += '>';
  if (mail.size && offered.size) {
    out += " SIZE=";
    out += std::to_string(*mail.size);
  }
  if (mail.body == mail::BodyType::eight_bit && offered.eight_bit_mime) out += " BODY=8BITMIME";
  if (mail.body == mail::BodyType::binary && offered.binary_mime) out += " BODY=BINARYMIME";
  if (mail.smtputf8 && offered.smtputf8) out += " SMTPUTF8";
  if (offered.dsn && mail.ret != mail::DsnReturn::unspecified) {
    out += mail.ret == mail::DsnReturn::full ? " RET=FULL" : " RET=HDRS";
  }
  if (offered.dsn && !mail.envelope_id.empty()) {
    out += " ENVID=";
    out += mail.envelope_id;
  }
  if (mail.requiretls && offered.requiretls) out += " REQUIRETLS";
  if (offered.mt_priority && mail.priority) {
    out += " MT-PRIORITY=";
    out += std::to_string(*mail.priority);
  }
  if (offered.deliver_by && mail.by) {
    out += " BY=";
    out += to_string(*mail.by);
  }
  return end_line(out, start);
}

Result<void> append_rcpt(std::string& out, const mail::Recipient& recipient, const Extensions& offered) {
  const std::size_t start = out.size();
  out += "RCPT TO:<";
  out += recipient.address.text();
  out += '>';
  if (offered.dsn) {
    append_notify(out, recipient.notify);
    if (!recipient.original_recipient.empty()) {
      out += " ORCPT=";
      out += recipient.original_recipient;
    }
  }
  return end_line(out, start);
}

void append_bdat(std::string& out, std::uint64_t octets, bool last) {
  out += "BDAT ";
  out += std::to_string(octets);
  out += last ? " LAST\r\n" : "\r\n";
}

void append_stuffed(std::string& out, std::string_view text, bool& at_line_start) {
  if (text.empty()) return;
  if (at_line_start && text.front() == '.') out += '.';
  at_line_start = text.back() == '\n';
  while (!text.empty()) {
    const auto line_end = text.find("\n.");
    if (line_end == std::string_view::npos) break;
    out.append(text.substr(0, line_end + 1));
    out += '.';  // the stuffed one; the line's own stays at the front of what is left
    text.remove_prefix(line_end + 1);
  }
  out.append(text);
}

}  // namespace ringpost::smtp
