// Base64 as SMTP AUTH and certificates use it: strict, with padding, nothing else between the characters.
// Standards: RFC 4648 4 (alphabet), 3.5 (no stray bits), 5 (URL alphabet, without padding: JWT).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringpost {

std::string base64_encode(std::string_view octets);
/// nullopt: a character outside of the alphabet, wrong padding, or bits set behind the last octet.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64url_encode(std::string_view octets);
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace ringpost
