// [tls_report]: who reports how TLS went, and to whom questions go.
#include "config/sections.h"
#include "mail/address.h"

namespace ringpost::config {

namespace {

std::string check_mail_address(std::string_view text) {
  if (text.empty()) return "";
  const auto address = mail::parse_address(text, false, false);
  return address && !address->domain.empty() ? "" : "not a mail address";
}

std::string check_one_line(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return "a control character";
  return text.size() <= 255 ? "" : "longer than 255 octets";
}

}  // namespace

const Section<tlsrpt::Options>& tls_report_section() {
  using O = tlsrpt::Options;
  const auto address = text_type("mail address", "a mail address like \"tls@example.com\"", check_mail_address);
  static const Section<O> section{
      "tls_report",
      false,
      "Daily reports to the domains that ask for them of how TLS with their mail hosts went (RFC 8460).",
      {row("enabled", &O::enabled, bool_type(),
           "note it and report it; wants `organization` and `contact`. What was noted lies under `data_dir/tlsrpt`"),
       row("organization", &O::organization, text_type("text", "a line of text", check_one_line), "who reports"),
       row("contact", &O::contact, address, "whom a domain may ask about a report"),
       row("from", &O::from, address,
           "whom reports by mail come from, and whose domain should sign them (docs/operations.md); `\"\"`: `contact`"),
       row("tls_ca_file", &O::ca_file,
           text_type("path", "the path of a file", [](std::string_view) { return std::string(); }),
           "PEM file of the authorities whose certificates are good for web servers that take reports; `\"\"`: those "
           "of the system")}};
  return section;
}

}  // namespace ringpost::config
