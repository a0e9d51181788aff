// Logins and passwords in the one form in which they are compared: however a keyboard composes an accent or writes a
// wide letter, the same password gives the same octets. Here because ICU's door is.
//
// Any thread. Standards: RFC 4013 (SASLprep), RFC 3454 (stringprep).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::mail {

/// RFC 3454 7: what is kept may not hold code points that Unicode 3.2 had not assigned, what is asked for may.
enum class Prepared : std::uint8_t { to_keep, to_ask };

/// nullopt: not UTF-8, more than 1024 octets, control or other prohibited characters, mixed directions, or nothing left
/// of it. Never an empty string.
std::optional<std::string> saslprep(std::string_view text, Prepared purpose = Prepared::to_ask);

/// A login in the form under which accounts are found: SASLprep, then ASCII letters in lower case. nullopt: it can't
/// belong to anybody.
std::optional<std::string> login_key(std::string_view login);

}  // namespace ringpost::mail
