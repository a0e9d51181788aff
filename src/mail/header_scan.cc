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

struct OriginatorName {
  std::string_view name;
  OriginatorField::Kind kind;
};
constexpr std::array originator_names = {
    OriginatorName{"from", OriginatorField::Kind::from},
    OriginatorName{"sender", OriginatorField::Kind::sender},
    OriginatorName{"resent-from", OriginatorField::Kind::resent_from},
    OriginatorName{"resent-sender", OriginatorField::Kind::resent_sender},
};

}  // namespace

void HeaderScan::feed(std::string_view octets) {
  while (!octets.empty() && !ended()) {
    if (state_ == State::value) {
      const std::size_t cr = std::min(octets.find('\r'), octets.size());
      if (collecting_) walk_value(octets.substr(0, cr));
      if (looking_) look_for_no(octets.substr(0, cr));
      seen_ += cr;
      octets.remove_prefix(cr);
      if (octets.empty()) return;
    }
    step(octets.front());
    ++seen_;
    octets.remove_prefix(1);
  }
}

void HeaderScan::finish() {
  // Half a name is no field, and a lone CR is no empty line; a value may end with the message.
  const bool judged = state_ == State::name || state_ == State::blanks || state_ == State::empty_line;
  if (!ended()) end_at(judged ? line_start_ : seen_, judged || state_ == State::value_cr);
}

void HeaderScan::step(char c) {
  switch (state_) {
    case State::line_start:
      return step_line_start(c);
    case State::empty_line:
      return c == '\n' ? end_at(seen_ + 1, false) : end_at(line_start_, true);
    case State::name:
      return step_name(c);
    case State::blanks:
      if (c == ':') return end_field_name();
      return is_blank(c) ? void() : end_at(line_start_, true);
    case State::value:
      if (c == '\r') state_ = State::value_cr;
      return walk_octet(c);
    case State::value_cr:
      if (c != '\r') state_ = c == '\n' ? State::line_start : State::value;
      if (c != '\n' && collecting_) originators_.malformed = true;
      return walk_octet(c);
    case State::ended:
      return;
  }
}

void HeaderScan::step_line_start(char c) {
  line_start_ = seen_;
  if (is_blank(c) && in_field_) {
    state_ = State::value;
    return walk_octet(c);
  }
  end_value();
  if (c == '\r') {
    state_ = State::empty_line;
  } else if (is_name_octet(c)) {
    name_octets_ = 0;
    state_ = State::name;
    step_name(c);
  } else {
    end_at(line_start_, true);
  }
}

void HeaderScan::step_name(char c) {
  if (is_name_octet(c)) {
    if (name_octets_ < name_octets_max) name_[name_octets_] = c;
    if (name_octets_ <= name_octets_max) ++name_octets_;
  } else if (c == ':') {
    end_field_name();
  } else if (is_blank(c)) {
    state_ = State::blanks;
  } else {
    end_at(line_start_, true);
  }
}

void HeaderScan::end_field_name() {
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
  } else if (iequals(name, "tls-required")) {
    if (tls_required_fields_ < 2) ++tls_required_fields_;
    looking_ = true;
    no_ = No::awaited;
  }
  if (!collecting_) return;
  const auto* const wanted =
      std::ranges::find_if(originator_names, [&](const auto& o) { return iequals(name, o.name); });
  if (wanted != originator_names.end()) begin_originator(wanted->kind);
}

void HeaderScan::begin_originator(OriginatorField::Kind kind) {
  if (originators_.fields.size() == OriginatorFields::fields_max) {
    originators_.overflow = true;
    return;
  }
  originators_.fields.push_back({kind, {}});
  keeping_ = true;
}

/// Part of a value, without CR: a line feed here is a bare one.
void HeaderScan::walk_value(std::string_view octets) {
  if (octets.find('\n') != std::string_view::npos || octets.find('\0') != std::string_view::npos)
    originators_.malformed = true;
  keep(octets);
}

void HeaderScan::walk_octet(char c) {
  keep({&c, 1});
  if (looking_) look_for_no({&c, 1});
}

/// RFC 8689 3: "No", with blanks and folding around it as they come.
void HeaderScan::look_for_no(std::string_view octets) noexcept {
  for (const char c : octets) {
    if (is_blank(c) || c == '\r' || c == '\n') {
      if (no_ == No::half) no_ = No::another;
    } else if (no_ == No::awaited && ascii_upper(c) == 'N') {
      no_ = No::half;
    } else if (no_ == No::half && ascii_upper(c) == 'O') {
      no_ = No::whole;
    } else {
      no_ = No::another;
    }
  }
}

void HeaderScan::keep(std::string_view octets) {
  if (!keeping_) return;
  if (octets.size() > OriginatorFields::octets_max - kept_octets_) {
    originators_.overflow = true;
    keeping_ = false;
    return;
  }
  kept_octets_ += octets.size();
  originators_.fields.back().value.append(octets);
}

void HeaderScan::end_value() {
  looking_ = false;
  if (!keeping_) return;
  keeping_ = false;
  std::string& value = originators_.fields.back().value;
  if (value.ends_with("\r\n")) value.resize(value.size() - 2);
}

void HeaderScan::end_at(std::uint64_t offset, bool malformed) {
  end_value();
  end_ = offset;
  state_ = State::ended;
  if (collecting_) originators_.malformed |= malformed;
}

}  // namespace ringpost::mail
