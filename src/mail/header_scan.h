// Reads the names of the header fields while a message passes by: how often it was received before, and which fields a
// submission has to be given. Knows nothing of folding inside values; a value is only walked over. Memory is constant
// whatever the peer sends: a field name is kept up to the length of the longest one we ask about.
//
// It also says whether the header asks for delivery without regard to TLS ("TLS-Required: No"). Said twice, or with
// another value, it is not said.
//
// On request it also keeps the fields that say who the message is from, bounded as originator_fields.h says.
//
// The header ends with the first empty line, or before the first line that can be neither a field nor the continuation
// of one (a message that begins with its text). Only CRLF ends a line.
//
// Standards: RFC 5322 2.2 and 3.6.8 (field names), 3.6.2 and 3.6.6 (originators), 4.5 (obsolete: blanks before the
// colon); RFC 5321 6.3 (loops); RFC 8689 3 (TLS-Required).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mail/originator_fields.h"

namespace ringpost::mail {

class HeaderScan {
 public:
  /// Before the first octet: whether to keep the originator fields. Without it they cost nothing and there are none.
  void collect_originators(bool wanted) noexcept { collecting_ = wanted; }
  /// The next octets, in pieces of any size; those behind the header are ignored.
  void feed(std::string_view octets);
  /// The message is over: a line without an end is judged as it stands.
  void finish();

  bool ended() const noexcept { return state_ == State::ended; }
  /// Octets up to and with the empty line; before the end, what was seen so far.
  std::uint64_t octets() const noexcept { return ended() ? end_ : seen_; }
  std::uint32_t received_fields() const noexcept { return received_fields_; }
  bool has_date() const noexcept { return has_date_; }
  bool has_message_id() const noexcept { return has_message_id_; }
  bool has_from() const noexcept { return has_from_; }
  /// Complete once ended.
  bool has_tls_not_required() const noexcept { return tls_required_fields_ == 1 && no_ == No::whole; }
  /// Complete once ended; empty where they were not asked for.
  const OriginatorFields& originators() const noexcept { return originators_; }

 private:
  static constexpr std::size_t name_octets_max = 13;               // "resent-sender"
  enum class No : std::uint8_t { awaited, half, whole, another };  // of the value of TLS-Required
  enum class State : std::uint8_t { line_start, empty_line, name, blanks, value, value_cr, ended };

  void step(char c);
  void step_line_start(char c);
  void step_name(char c);
  void end_field_name();
  void begin_originator(OriginatorField::Kind kind);
  void walk_value(std::string_view octets);
  void walk_octet(char c);
  void keep(std::string_view octets);
  void look_for_no(std::string_view octets) noexcept;
  void end_value();
  void end_at(std::uint64_t offset, bool malformed);

  std::uint64_t seen_ = 0;
  std::uint64_t line_start_ = 0;
  std::uint64_t end_ = 0;
  std::uint32_t received_fields_ = 0;
  std::uint16_t name_octets_ = 0;  // saturates one above what fits
  std::array<char, name_octets_max> name_{};
  State state_ = State::line_start;
  bool in_field_ = false;  // a field has begun, so a line with a leading blank continues it
  bool has_date_ = false, has_message_id_ = false, has_from_ = false;
  std::uint8_t tls_required_fields_ = 0;  // saturates at 2
  No no_ = No::awaited;
  bool looking_ = false;  // the value that passes is that of TLS-Required
  bool collecting_ = false;
  bool keeping_ = false;  // the value that passes is that of the last of originators_.fields
  std::size_t kept_octets_ = 0;
  OriginatorFields originators_;
};

}  // namespace ringpost::mail
