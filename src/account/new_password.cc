#include "account/new_password.h"

#include <array>

#include "account/scram_keys.h"
#include "base/random.h"
#include "crypto/equal.h"
#include "crypto/password_hash.h"
#include "crypto/srp_verifier.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

constexpr const char* srp_digest = "SHA-1";  // what the only packaged client knows
constexpr std::size_t srp_salt_octets = 16;

Result<SrpVerifier> srp_of(std::string_view login, std::string_view password) {
  std::array<std::byte, srp_salt_octets> random{};
  random_octets(random);
  std::string salt(reinterpret_cast<const char*>(random.data()), random.size());
  auto verifier = crypto::srp_verifier(crypto::Digest::sha1, login, password, salt);
  if (!verifier) return propagate(verifier);
  return SrpVerifier{srp_digest, std::move(salt), std::move(*verifier)};
}

Result<void> set_prepared(UserEntry& user, std::string_view password, PasswordKinds kinds,
                          const crypto::SealingKey* key) {
  auto hash = crypto::hash_password(password);
  if (!hash) return propagate(hash);
  UserEntry changed = user;
  changed.hash = std::move(*hash);
  changed.scram_sha256 = make_scram_keys(password, true);
  changed.scram_sha1 = make_scram_keys(password, false);
  changed.sealed.clear();
  changed.srp.reset();
  if (kinds.reversible) {
    if (key == nullptr)
      return fail(ErrorKind::invalid,
                  "a reversible password needs a key file: set [auth] key_file to one made with "
                  "`openssl rand -base64 32`");
    changed.sealed = key->seal(password, mail::login_key(user.login).value_or(user.login));
  }
  if (kinds.srp) {
    auto verifier = srp_of(mail::saslprep(user.login).value_or(user.login), password);
    if (!verifier) return propagate(verifier);
    changed.srp = std::move(*verifier);
  }
  user = std::move(changed);
  return {};
}

}  // namespace

Result<void> set_password(UserEntry& user, std::string_view password, PasswordKinds kinds,
                          const crypto::SealingKey* key) {
  auto prepared = mail::saslprep(password, mail::Prepared::to_keep);
  if (!prepared)
    return fail(ErrorKind::invalid,
                "the password is empty or holds characters that cannot be kept: control characters, what is "
                "not UTF-8, or letters newer than Unicode 3.2 (SASLprep, RFC 4013)");
  auto done = set_prepared(user, *prepared, kinds, key);
  crypto::wipe(*prepared);
  return done;
}

}  // namespace ringpost::account
