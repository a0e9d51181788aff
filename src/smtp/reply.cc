#include "smtp/reply.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

constexpr std::size_t code_octets = 4;  // "250-"

bool is_plain(char c) noexcept {
  return c >= 32 && c <= 126;
}

void append_printable(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (std::ranges::all_of(text, is_plain)) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      out.push_back(c);
    } else if (c == '\t') {
      out.push_back(' ');
    } else {
      out.append("\\x").push_back(hex[value >> 4]);
      out.push_back(hex[value & 15]);
    }
  }
}

void append_number(std::string& out, unsigned number) {
  if (number >= 10) append_number(out, number / 10);
  out.push_back(static_cast<char>('0' + number % 10));
}

void append_enhanced(std::string& out, EnhancedCode code) {
  append_number(out, code.klass);
  out.push_back('.');
  append_number(out, code.subject);
  out.push_back('.');
  append_number(out, code.detail);
}

/// As much of `text` as fits `room`, up to a blank where there is one; cuts it off, with the blank.
std::string_view take_piece(std::string_view& text, std::size_t room) noexcept {
  if (text.size() <= room) return std::exchange(text, {});
  std::size_t cut = text.rfind(' ', room);
  if (cut == std::string_view::npos || cut == 0) cut = room;
  const std::string_view piece = text.substr(0, cut);
  text.remove_prefix(cut);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return piece;
}

/// RFC 3463 2: "class.subject.detail", subject and detail of one to three digits.
std::optional<std::uint16_t> take_number(std::string_view& text) noexcept {
  std::size_t digits = 0;
  std::uint16_t value = 0;
  while (digits < 3 && digits < text.size() && is_digit(text[digits])) {
    value = static_cast<std::uint16_t>(value * 10 + (text[digits++] - '0'));
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

}  // namespace

Reply::Reply(std::uint16_t code, std::string_view text) : code_(code) {
  RINGPOST_ASSERT(code >= 200 && code <= 599);
  append_printable(text_, text);
}

Reply::Reply(std::uint16_t code, EnhancedCode enhanced, std::string_view text) : Reply(code, text) {
  enhanced_ = enhanced;
}

Reply& Reply::add_line(std::string_view text) & {
  text_.push_back('\n');
  append_printable(text_, text);
  return *this;
}

Reply&& Reply::add_line(std::string_view text) && {
  return std::move(add_line(text));
}

PublicStatus Reply::status() const noexcept {
  return {code_, enhanced_.value_or(EnhancedCode{static_cast<std::uint8_t>(code_ / 100), 0, 0})};
}

std::vector<std::string_view> Reply::lines() const {
  std::vector<std::string_view> lines;
  for (std::string_view rest = text_;;) {
    const std::size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) return lines;
    rest.remove_prefix(end + 1);
  }
}

void Reply::append_to(std::string& out) const {
  std::string prefix;
  append_number(prefix, code_);
  prefix.push_back('-');
  if (enhanced_) {
    append_enhanced(prefix, *enhanced_);
    prefix.push_back(' ');
  }
  // A challenge of SASL is one line, however long (RFC 4954 4).
  const std::size_t line_octets_max = code_ == 334 ? limits::auth_line_octets_max : limits::reply_line_octets_max;
  const std::size_t room = line_octets_max - 2 - prefix.size();
  std::size_t last_line = out.size();
  for (std::string_view rest = text_;;) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    do {
      last_line = out.size();
      out.append(prefix).append(take_piece(line, room)).append("\r\n");
    } while (!line.empty());
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  out[last_line + code_octets - 1] = ' ';
}

std::string Reply::one_line(std::size_t octets_max) const {
  std::string out;
  append_number(out, code_);
  if (enhanced_) {
    out.push_back(' ');
    append_enhanced(out, *enhanced_);
  }
  bool first = true;
  for (const std::string_view line : lines()) {
    if (!line.empty()) out.append(first ? " " : "; ").append(line);
    if (!line.empty()) first = false;
    if (out.size() > octets_max) break;
  }
  if (out.size() > octets_max) out.replace(octets_max, std::string::npos, "...");
  return out;
}

std::string to_string(EnhancedCode code) {
  std::string out;
  append_enhanced(out, code);
  return out;
}

std::optional<EnhancedCode> take_enhanced_code(std::string_view& text, std::uint16_t reply_code) noexcept {
  std::string_view rest = text;
  const auto klass = take_number(rest);
  if (!klass || *klass != reply_code / 100 || *klass == 3 || !rest.starts_with('.')) return std::nullopt;
  rest.remove_prefix(1);
  const auto subject = take_number(rest);
  if (!subject || !rest.starts_with('.')) return std::nullopt;
  rest.remove_prefix(1);
  const auto detail = take_number(rest);
  if (!detail || !(rest.empty() || rest.front() == ' ' || rest.front() == '\t')) return std::nullopt;
  text = trim(rest);
  return EnhancedCode{static_cast<std::uint8_t>(*klass), *subject, *detail};
}

}  // namespace ringpost::smtp
