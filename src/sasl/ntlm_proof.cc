#include "sasl/ntlm_proof.h"

#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "sasl/utf16.h"

namespace ringpost::sasl {

using crypto::Digest;

std::string ntlm_key(std::string_view password, std::string_view user, std::string_view domain) {
  std::string wide = utf16le_from_utf8(password).value_or("");
  std::string hash = crypto::digest(Digest::md4, wide);
  std::string key = crypto::hmac(Digest::md5, hash, utf16le_capitals(user) + std::string(domain));
  crypto::wipe(wide);
  crypto::wipe(hash);
  return key;
}

std::string ntlm_proof(std::string_view key, std::string_view nonce, std::string_view blob) {
  return crypto::hmac(Digest::md5, key, std::string(nonce) + std::string(blob));
}

std::string ntlm_mic(std::string_view key, std::string_view proof, std::string_view messages) {
  std::string session_key = crypto::hmac(Digest::md5, key, proof);
  std::string mic = crypto::hmac(Digest::md5, session_key, messages);
  crypto::wipe(session_key);
  return mic;
}

}  // namespace ringpost::sasl
