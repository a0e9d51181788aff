// Everything the account file keeps instead of a new password. Takes some 100 ms.
#pragma once

#include <string_view>

#include "account/users_file.h"
#include "base/result.h"
#include "crypto/seal.h"

namespace ringpost::account {

struct PasswordKinds {
  bool reversible = false;  // sealed, for CRAM-MD5, DIGEST-MD5 and NTLM
  bool srp = false;
};

/// Replaces whatever `user` had. `key` may be nullptr where nothing is sealed. Errors: invalid (an empty password,
/// characters that SASLprep forbids, no key).
Result<void> set_password(UserEntry& user, std::string_view password, PasswordKinds kinds,
                          const crypto::SealingKey* key);

}  // namespace ringpost::account
