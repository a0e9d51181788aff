// What the decoders must come to, written the slow and obvious way on whole strings: line by line, without states.
// Unit tests and fuzzers compare the real ones with it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "mail/envelope.h"

namespace ringpost::reference {

struct Decoded {
  std::string body;      // as `normalize` stores it
  std::size_t used = 0;  // octets up to and with the final dot's CRLF
  bool bare = false;     // a bare CR or LF before it
};

/// nullopt: the end is not in `input`.
inline std::optional<Decoded> decode_data(std::string_view input) {
  Decoded decoded;
  bool behind_crlf = true;
  for (std::size_t at = 0;;) {
    const std::size_t end = input.find_first_of("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const bool is_cr = input[end] == '\r';
    if (is_cr && end + 1 == input.size()) return std::nullopt;
    const bool is_crlf = is_cr && input[end + 1] == '\n';
    std::string_view line = input.substr(at, end - at);
    at = end + (is_crlf ? 2 : 1);
    if (behind_crlf && line == "." && is_crlf) {
      decoded.used = at;
      return decoded;
    }
    if (behind_crlf && line.starts_with('.') && line.size() > 1) line.remove_prefix(1);
    decoded.body.append(line).append("\r\n");
    decoded.bare |= !is_crlf;
    behind_crlf = is_crlf;
  }
}

inline bool is_field_line(std::string_view line, std::string& name) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view left = line.substr(0, colon);
  while (left.ends_with(' ') || left.ends_with('\t')) left.remove_suffix(1);
  name = to_lower(left);
  return !left.empty() && std::all_of(left.begin(), left.end(), [](char c) { return c > 32 && c < 127; });
}

inline void read_header(std::string_view body, mail::BodyFacts& facts) {
  bool in_field = false;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t crlf = body.find("\r\n", at);
    const bool has_end = crlf != std::string_view::npos;
    const std::string_view line = body.substr(at, has_end ? crlf - at : std::string_view::npos);
    facts.header_octets = at;
    if (line.empty()) {
      facts.header_octets = at + 2;
      return;
    }
    std::string name;
    const bool continues = in_field && (line.front() == ' ' || line.front() == '\t');
    if (!continues && !is_field_line(line, name)) return;
    in_field = true;
    facts.received_fields += name == "received";
    facts.has_date |= name == "date";
    facts.has_from |= name == "from";
    facts.has_message_id |= name == "message-id";
    at = has_end ? crlf + 2 : body.size();
  }
  facts.header_octets = body.size();
}

inline mail::BodyFacts facts_of(std::string_view body) {
  mail::BodyFacts facts;
  facts.octets = body.size();
  facts.ends_with_crlf = body.empty() || body.ends_with("\r\n");
  for (std::size_t i = 0, line = 0; i <= body.size(); ++i) {
    const bool at_crlf = body.substr(i, 2) == "\r\n";
    if (at_crlf || i == body.size()) facts.line_octets_max = std::max<std::uint32_t>(facts.line_octets_max, i - line);
    if (at_crlf) line = i + 2;
  }
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char before = i == 0 ? '\n' : body[i - 1];
    const char after = i + 1 == body.size() ? ' ' : body[i + 1];
    facts.eight_bit |= (body[i] & 0x80) != 0;
    facts.nul |= body[i] == '\0';
    facts.dot_at_line_start |= body[i] == '.' && (before == '\r' || before == '\n');
    facts.bare_cr_or_lf |= body[i] == '\r' && after != '\n';
    facts.bare_cr_or_lf |= body[i] == '\n' && (i == 0 || before != '\r');
  }
  read_header(body, facts);
  return facts;
}

}  // namespace ringpost::reference
