#include "account/password_check.h"

#include <string>

#include "account/scram_keys.h"
#include "crypto/equal.h"
#include "crypto/password_hash.h"
#include "mail/saslprep.h"

namespace ringpost::account {

bool password_matches(const Account& account, std::string_view password) {
  constexpr std::size_t password_octets_max = 1024;
  if (password.empty() || password.size() > password_octets_max) {
    crypto::spend_password_check("x");
    return false;
  }
  std::string prepared = mail::saslprep(password).value_or(std::string(password));
  bool matches = false;
  if (!account.password_hash.empty()) {
    matches = crypto::check_password(prepared, account.password_hash) ||
              (prepared != password && crypto::check_password(password, account.password_hash));
  } else if (account.scram_sha256) {
    matches = scram_keys_match(*account.scram_sha256, prepared, true);
  } else if (account.scram_sha1) {
    matches = scram_keys_match(*account.scram_sha1, prepared, false);
  } else if (account.password) {
    matches = crypto::equal_in_constant_time(*account.password, prepared);
  } else {
    crypto::spend_password_check(prepared);
  }
  crypto::wipe(prepared);
  return matches;
}

}  // namespace ringpost::account
