// What a reader sees of an unstructured text or phrase: its encoded words decoded, in UTF-8. Meant for judging what a
// display name claims, so it decodes whatever some mail program would: also words that touch their neighbours, that
// stand in quotation marks, that hold blanks, or whose base64 is sloppy. Neighbours in one charset are put together
// before they are converted, because a character may be cut in two.
//
// Bounded: the input by its caller, the output by decoded_octets_max; what is behind is cut off and marked.
// Standards: RFC 2047 2 to 6, RFC 2231 5 (language behind the charset).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringpost::mail {

inline constexpr std::size_t decoded_octets_max = 64 * 1024;

struct DecodedText {
  std::string text;              // UTF-8; octets that are none in their charset became U+FFFD
  bool any_encoded = false;      // there was at least one encoded word
  bool unknown_charset = false;  // an encoded word stayed as it was: somebody else may be able to read it
  bool damaged = false;          // cut off, or octets that mean nothing in their charset
};

DecodedText decode_words(std::string_view text);

}  // namespace ringpost::mail
