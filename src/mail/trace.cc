#include "mail/trace.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::mail {
namespace {

constexpr std::size_t folded_line_octets_max = 78;  // RFC 5322 2.1.1
constexpr std::size_t helo_octets_shown_max = 255;

/// What a peer claims to be, reduced to characters of domains and address literals.
std::string harmless_name(std::string_view claimed) {
  std::string out;
  for (const char c : claimed.substr(0, helo_octets_shown_max)) {
    const bool fits = is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
    out.push_back(fits ? c : '?');
  }
  return out.empty() ? "unknown" : out;
}

/// Fit to stand inside a comment: printable ASCII, nothing that nests, quotes or closes.
std::string harmless_comment(std::string_view text) {
  std::string out(text.substr(0, helo_octets_shown_max));
  std::ranges::replace_if(out, [](char c) { return c < 32 || c > 126 || c == '(' || c == ')' || c == '\\'; }, '?');
  return out;
}

/// RFC 5321 4.1.3: the address as a literal, "IPv6:" before the newer kind.
std::string address_literal(std::string_view client_address) {
  const bool ipv6 = client_address.find(':') != std::string_view::npos;
  return (ipv6 ? "[IPv6:" : "[") + harmless_name(client_address) + "]";
}

/// Joins words by blanks and folds before a word that would pass column 78. Words hold no CR or LF.
class FoldedField {
 public:
  explicit FoldedField(std::string_view name) : out_(name), column_(name.size()) { out_.push_back(':'), ++column_; }

  FoldedField& word(std::string_view word) {
    if (column_ + 1 + word.size() > folded_line_octets_max && !line_begins_) {
      out_.append("\r\n");
      column_ = 0;
    }
    out_.push_back(' ');
    out_.append(word);
    column_ += 1 + word.size();
    line_begins_ = false;
    return *this;
  }
  /// A new line here, whatever the column.
  FoldedField& fold() {
    out_.append("\r\n");
    column_ = 0;
    line_begins_ = true;
    return *this;
  }
  std::string finish() && { return std::move(out_.append("\r\n")); }

 private:
  std::string out_;
  std::size_t column_;
  bool line_begins_ = true;  // a first word is never moved to another line: the first would be left blank
};

}  // namespace

std::string received_field(const Envelope& envelope, std::string_view hostname, const MessageId& id,
                           const Channel& channel) {
  const Origin& origin = envelope.origin;
  FoldedField field("Received");
  if (!origin.client_address.empty()) {
    field.word("from").word(harmless_name(origin.helo)).word("(" + address_literal(origin.client_address) + ")");
    if (!channel.tls_version.empty()) field.word("(" + harmless_comment(channel.tls_version) + ")");
    field.fold();
  }
  field.word("by").word(harmless_name(hostname));
  if (!channel.login.empty()) field.word("(authenticated as " + harmless_comment(channel.login) + ")");
  if (!origin.protocol.empty()) field.word("with").word(harmless_name(origin.protocol));
  field.word("id");
  std::string last_word = id.text();
  if (envelope.recipients.size() == 1) {
    const Address& address = envelope.recipients.front().address;
    // RFC 6531 3.7.3: an address in UTF-8 may stand only in a message that is declared so.
    if (envelope.smtputf8 || !address.needs_utf8()) {
      field.word(last_word).word("for");
      last_word = "<" + address.text() + ">";
    }
  }
  if (!channel.tls_cipher.empty()) {
    field.word(last_word).word("tls");
    last_word = harmless_name(channel.tls_cipher);
  }
  field.word(last_word + ";").word(rfc5322_date(envelope.received));
  return std::move(field).finish();
}

std::string date_field(WallTime time) {
  return "Date: " + rfc5322_date(time) + "\r\n";
}

std::string message_id_field(const MessageId& id, std::string_view hostname) {
  return "Message-ID: <" + id.text() + "@" + harmless_name(hostname) + ">\r\n";
}

std::string return_path_field(const Address& reverse_path) {
  return "Return-Path: <" + reverse_path.text() + ">\r\n";
}

}  // namespace ringpost::mail
