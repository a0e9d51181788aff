// A reply: a code, usually an enhanced code, and one or more lines of text. The server makes them (replies.h) and
// writes them; the client gets them from reply_parser.h. Text given to it may quote a peer: CR, LF, other controls and
// octets above 127 become \xNN, so that no text can forge another reply.
//
// Standards: RFC 5321 4.2, 4.5.3.1.5 (512 octets a line: longer text is broken into several); RFC 4954 4 (12,288 for
// 334); RFC 2034 (the same enhanced code on every line).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ringpost::smtp {

class Reply {
 public:
  Reply() = default;
  /// Without enhanced code: greeting, answers to EHLO and HELO, 334, 354.
  Reply(std::uint16_t code, std::string_view text);
  Reply(std::uint16_t code, EnhancedCode enhanced, std::string_view text);

  /// One more line. Chains: Reply(421, {4,7,0}, "too many").add_line("at most 64").
  Reply& add_line(std::string_view text) &;
  Reply&& add_line(std::string_view text) &&;

  std::uint16_t code() const noexcept { return code_; }
  const std::optional<EnhancedCode>& enhanced() const noexcept { return enhanced_; }
  /// Code and enhanced code together; where the peer gave none, the class of the code with .0.0.
  PublicStatus status() const noexcept;

  bool empty() const noexcept { return code_ == 0; }
  bool positive() const noexcept { return code_ >= 200 && code_ < 300; }
  bool intermediate() const noexcept { return code_ >= 300 && code_ < 400; }
  bool transient() const noexcept { return code_ >= 400 && code_ < 500; }
  bool permanent() const noexcept { return code_ >= 500; }
  bool ends_session() const noexcept { return code_ == 221 || code_ == 421; }

  /// The text lines, without code and enhanced code; at least one, possibly empty. Views into this reply.
  std::vector<std::string_view> lines() const;
  /// Appends what goes over the wire: "250-2.1.0 text\r\n" ... "250 2.1.0 text\r\n".
  void append_to(std::string& out) const;
  /// One printable line for logs and DSNs: "550 5.1.1 no such user; ask the postmaster".
  std::string one_line(std::size_t octets_max = 1000) const;

  bool operator==(const Reply&) const = default;

 private:
  std::uint16_t code_ = 0;
  std::optional<EnhancedCode> enhanced_;
  std::string text_;  // lines with LF between them, already printable
};

/// "5.1.1".
std::string to_string(EnhancedCode code);
/// The code at the start of `text`, cut off together with the blanks behind it; nullopt where there is none or its
/// class does not go with `reply_code`.
std::optional<EnhancedCode> take_enhanced_code(std::string_view& text, std::uint16_t reply_code) noexcept;

}  // namespace ringpost::smtp
