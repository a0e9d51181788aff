// UTF-16, little endian, as NTLM writes names and digests passwords.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

/// nullopt: not UTF-8.
std::optional<std::string> utf16le_from_utf8(std::string_view text);
/// nullopt: half a character or an unpaired surrogate.
std::optional<std::string> utf8_from_utf16le(std::string_view octets);
/// Each character of UTF-16 as its capital, where that is one character of the same kind.
std::string utf16le_capitals(std::string_view octets);

}  // namespace ringpost::sasl
