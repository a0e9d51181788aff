// Reads the names of the header fields while a message passes by: how often it was received before, and which fields a
// submission has to be given. Knows nothing of folding inside values; a value is only walked over. Memory is constant
// whatever the peer sends: a field name is kept up to the length of the longest one we ask about.
//
// The header ends with the first empty line, or before the first line that can be neither a field nor the continuation
// of one (a message that begins with its text). Only CRLF ends a line.
//
// Standards: RFC 5322 2.2 and 3.6.8 (field names), 4.5 (obsolete: blanks before the colon); RFC 5321 6.3 (loops).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ringpost::mail {

class HeaderScan {
 public:
  /// The next octets, in pieces of any size; those behind the header are ignored.
  void feed(std::string_view octets) noexcept;
  /// The message is over: a line without an end is judged as it stands.
  void finish() noexcept;

  bool ended() const noexcept { return state_ == State::ended; }
  /// Octets up to and with the empty line; before the end, what was seen so far.
  std::uint64_t octets() const noexcept { return ended() ? end_ : seen_; }
  std::uint32_t received_fields() const noexcept { return received_fields_; }
  bool has_date() const noexcept { return has_date_; }
  bool has_message_id() const noexcept { return has_message_id_; }
  bool has_from() const noexcept { return has_from_; }

 private:
  static constexpr std::size_t name_octets_max = 10;  // "message-id"
  enum class State : std::uint8_t { line_start, empty_line, name, blanks, value, value_cr, ended };

  void step(char c) noexcept;
  void step_line_start(char c) noexcept;
  void step_name(char c) noexcept;
  void end_field_name() noexcept;
  void end_at(std::uint64_t offset) noexcept;

  std::uint64_t seen_ = 0;
  std::uint64_t line_start_ = 0;
  std::uint64_t end_ = 0;
  std::uint32_t received_fields_ = 0;
  std::uint16_t name_octets_ = 0;  // saturates one above what fits
  std::array<char, name_octets_max> name_{};
  State state_ = State::line_start;
  bool in_field_ = false;  // a field has begun, so a line with a leading blank continues it
  bool has_date_ = false, has_message_id_ = false, has_from_ = false;
};

}  // namespace ringpost::mail
