// Whether a password is an account's, by the best of what the account has: its hash, else its SCRAM keys, else the
// password itself. Takes milliseconds on purpose: helper threads only.
#pragma once

#include <string_view>

#include "account/account.h"
#include "base/error.h"

namespace ringpost::account {

/// RFC 4954 6: what the peer hears of an unknown login, a disabled account and a wrong password alike.
inline constexpr PublicStatus wrong_credentials{535, {5, 7, 8}};

/// The password as it came: SASLprep is applied here; a hash taken over from elsewhere may also be of the octets as
/// they are. An account with nothing to check against costs what one with a new hash costs.
bool password_matches(const Account& account, std::string_view password);

}  // namespace ringpost::account
