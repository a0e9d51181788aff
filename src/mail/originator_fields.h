// The fields of a header that say who a message is from, as they stood in it: kept while the message passes by, so that
// policy can ask whether the sender may use them. Bounded: a header with more or longer fields than this is marked, and
// policy refuses what it could not read.
//
// Standards: RFC 5322 3.6.2 (From, Sender), 3.6.6 (Resent-From, Resent-Sender).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringpost::mail {

struct OriginatorField {
  enum class Kind : std::uint8_t { from, sender, resent_from, resent_sender };
  Kind kind = Kind::from;
  std::string value;  // everything behind the colon, folding included, without the last CRLF
};

struct OriginatorFields {
  static constexpr std::size_t fields_max = 16;
  static constexpr std::size_t octets_max = 32 * 1024;  // of all values together

  std::vector<OriginatorField> fields;  // in their order
  bool overflow = false;                // there were more, or longer ones
  // Programs disagree about what belongs to this header: it ended at a line that is no field instead of an empty line,
  // or holds a bare CR, a bare LF or a NUL. Behind such a place some see fields that are not kept here.
  bool malformed = false;
};

}  // namespace ringpost::mail
