#include "mail/header_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace ringpost::mail {

namespace {

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}
/// RFC 5322 2.2: printable US-ASCII except colon.
constexpr bool is_name_octet(char c) noexcept {
  return c > 32 && c < 127 && c != ':';
}

}  // namespace

void HeaderScan::feed(std::string_view octets) noexcept {
  while (!octets.empty() && !ended()) {
    if (state_ == State::value) {
      const std::size_t cr = std::min(octets.find('\r'), octets.size());
      seen_ += cr;
      octets.remove_prefix(cr);
      if (octets.empty()) return;
    }
    step(octets.front());
    ++seen_;
    octets.remove_prefix(1);
  }
}

void HeaderScan::finish() noexcept {
  // Half a name is no field, and a lone CR is no empty line; a value may end with the message.
  const bool judged = state_ == State::name || state_ == State::blanks || state_ == State::empty_line;
  if (!ended()) end_at(judged ? line_start_ : seen_);
}

void HeaderScan::step(char c) noexcept {
  switch (state_) {
    case State::line_start:
      return step_line_start(c);
    case State::empty_line:
      return end_at(c == '\n' ? seen_ + 1 : line_start_);
    case State::name:
      return step_name(c);
    case State::blanks:
      if (c == ':') return end_field_name();
      return is_blank(c) ? void() : end_at(line_start_);
    case State::value:
      if (c == '\r') state_ = State::value_cr;
      return;
    case State::value_cr:
      if (c != '\r') state_ = c == '\n' ? State::line_start : State::value;
      return;
    case State::ended:
      return;
  }
}

void HeaderScan::step_line_start(char c) noexcept {
  line_start_ = seen_;
  if (c == '\r') {
    state_ = State::empty_line;
  } else if (is_blank(c) && in_field_) {
    state_ = State::value;
  } else if (is_name_octet(c)) {
    name_octets_ = 0;
    state_ = State::name;
    step_name(c);
  } else {
    end_at(line_start_);
  }
}

void HeaderScan::step_name(char c) noexcept {
  if (is_name_octet(c)) {
    if (name_octets_ < name_octets_max) name_[name_octets_] = c;
    if (name_octets_ <= name_octets_max) ++name_octets_;
  } else if (c == ':') {
    end_field_name();
  } else if (is_blank(c)) {
    state_ = State::blanks;
  } else {
    end_at(line_start_);
  }
}

void HeaderScan::end_field_name() noexcept {
  state_ = State::value;
  in_field_ = true;
  if (name_octets_ > name_octets_max) return;
  const std::string_view name(name_.data(), name_octets_);
  if (iequals(name, "received")) {
    if (received_fields_ < std::numeric_limits<std::uint32_t>::max()) ++received_fields_;
  } else if (iequals(name, "date")) {
    has_date_ = true;
  } else if (iequals(name, "message-id")) {
    has_message_id_ = true;
  } else if (iequals(name, "from")) {
    has_from_ = true;
  }
}

void HeaderScan::end_at(std::uint64_t offset) noexcept {
  end_ = offset;
  state_ = State::ended;
}

}  // namespace ringpost::mail
