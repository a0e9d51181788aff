// Cuts an input into slices for a test that must come out the same however the network cut it, and puts decoded slices
// together again.
#pragma once

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "io/slice.h"
#include "mail/envelope.h"

namespace ringpost::mail {

inline void PrintTo(const BodyFacts& facts, std::ostream* out) {
  *out << "{octets " << facts.octets << ", header " << facts.header_octets << ", line " << facts.line_octets_max
       << ", received " << facts.received_fields << ", 8bit " << facts.eight_bit << ", nul " << facts.nul << ", dot "
       << facts.dot_at_line_start << ", crlf " << facts.ends_with_crlf << ", bare " << facts.bare_cr_or_lf << ", date "
       << facts.has_date << ", id " << facts.has_message_id << ", from " << facts.has_from << "}";
}

}  // namespace ringpost::mail

namespace ringpost::pieces {

using Cuts = std::vector<std::string_view>;

inline Cuts whole(std::string_view input) {
  return {input};
}
inline Cuts in_two(std::string_view input, std::size_t at) {
  return {input.substr(0, at), input.substr(at)};
}
inline Cuts octet_by_octet(std::string_view input) {
  Cuts cuts;
  for (std::size_t i = 0; i < input.size(); ++i) cuts.push_back(input.substr(i, 1));
  return cuts;
}
inline Cuts at_random(std::string_view input, std::mt19937& random, std::size_t octets_max) {
  Cuts cuts;
  while (!input.empty()) {
    const std::size_t count = std::min<std::size_t>(input.size(), random() % octets_max + 1);
    cuts.push_back(input.substr(0, count));
    input.remove_prefix(count);
  }
  return cuts;
}
/// Whole, octet by octet, and cut in two at every place.
inline std::vector<Cuts> every_way(std::string_view input) {
  std::vector<Cuts> ways{whole(input), octet_by_octet(input)};
  for (std::size_t at = 1; at < input.size(); ++at) ways.push_back(in_two(input, at));
  return ways;
}

inline std::string joined(const std::vector<io::Slice>& slices) {
  std::string text;
  for (const io::Slice& slice : slices) text.append(slice.view());
  return text;
}

/// Octets that matter to a decoder, with plain runs longer than the blocks it looks at between them.
inline std::string hostile_input(std::mt19937& random, std::size_t tokens) {
  static constexpr std::string_view words[] = {"\r",      "\n",      ".",       "a",
                                               "\r\n",    "\r\n.",   "\r\n..",  "\r\n.\r\n",
                                               "\n.\r\n", "\r.\r\n", "\xe9",    std::string_view("\0", 1),
                                               ":",       " ",       "\r\n\r\n"};
  std::string text;
  for (std::size_t i = 0; i < tokens; ++i) {
    const std::size_t pick = random() % (std::size(words) + 2);
    if (pick < std::size(words)) {
      text.append(words[pick]);
    } else {
      text.append(random() % 130, 'x');
    }
  }
  return text;
}

}  // namespace ringpost::pieces
