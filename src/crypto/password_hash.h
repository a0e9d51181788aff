// Hashes of passwords as crypt(3) writes them, so that accounts can be taken over from /etc/shadow, Dovecot or LDAP as
// they are. New ones are yescrypt, which needs 16 MiB and some 20 ms a time: call these on helper threads only.
//
// Any thread. Standards: crypt(5).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::crypto {

/// "$y$j9T$...". Errors: invalid (empty, a NUL in it, more than 511 octets), unavailable (no memory).
Result<std::string> hash_password(std::string_view password);

/// Whether `password` belongs to `hash`, by any method that crypt(3) knows and that begins with "$".
bool check_password(std::string_view password, std::string_view hash);

/// Whether check_password() could ever say yes. The traditional method without "$" is left out: it looks at eight
/// characters only, and any two letters would pass for it.
bool known_hash(std::string_view hash);

/// Costs what check_password() costs for a new hash, and says nothing: for logins that do not exist.
void spend_password_check(std::string_view password);

}  // namespace ringpost::crypto
