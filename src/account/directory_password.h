// Passwords as directories keep them in userPassword. Any thread; takes as long as the hash in it.
// Standards: RFC 2307 5.3 ({CRYPT}, {SHA}, {SSHA}), RFC 4519 2.41 (userPassword).
#pragma once

#include <string_view>

namespace ringpost::account {

/// {CRYPT}, {SHA}, {SSHA} and their kin with 256 and 512 bits, SCRAM keys, {PLAIN}, {CLEARTEXT} or no scheme: the
/// password itself. Any other scheme never matches.
bool directory_password_matches(std::string_view stored, std::string_view password);

}  // namespace ringpost::account
