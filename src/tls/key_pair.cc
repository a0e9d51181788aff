#include "tls/key_pair.h"

#include <ctime>
#include <vector>

#include "crypto/equal.h"
#include "crypto/public_key.h"
#include "tls/file_text.h"

namespace ringpost::tls {

namespace {

Result<std::string> leaf_of(const std::string& pem, const std::string& file) {
  if (!pem.contains("-----BEGIN CERTIFICATE-----"))
    return fail(ErrorKind::invalid, file + ": no PEM certificate in it");
  std::string der(pem.size(), '\0');
  const int octets =
      wc_CertPemToDer(wolf::bytes(pem), static_cast<int>(pem.size()), reinterpret_cast<unsigned char*>(der.data()),
                      static_cast<int>(der.size()), CERT_TYPE);
  if (octets <= 0) return fail(ErrorKind::invalid, file + ": not a PEM certificate: " + wolf::error_text(octets));
  der.resize(static_cast<std::size_t>(octets));
  return der;
}

Result<void> check_dates(const CertificateFacts& facts, const std::string& file) {
  const std::int64_t now = std::time(nullptr);
  if (facts.not_after < now) return fail(ErrorKind::invalid, file + ": the certificate has expired");
  if (facts.not_before > now) return fail(ErrorKind::invalid, file + ": the certificate is not yet valid");
  return {};
}

// The library compares an elliptic curve's key with the certificate only where it was built with its single-precision
// arithmetic, so we look for ourselves. A kind that we don't know is left to it.
bool belongs_to_another(std::string_view leaf_der, std::string_view key_pem) {
  std::string der(key_pem.size(), '\0');
  const int octets =
      wc_KeyPemToDer(wolf::bytes(key_pem), static_cast<int>(key_pem.size()),
                     reinterpret_cast<unsigned char*>(der.data()), static_cast<int>(der.size()), nullptr);
  if (octets <= 0) return false;
  const auto computed =
      crypto::PublicKey::of_private_key(std::string_view(der).substr(0, static_cast<std::size_t>(octets)));
  crypto::wipe(der);
  const auto certified = crypto::PublicKey::from_der(public_key_of(leaf_der));
  return computed && certified && *computed != *certified;
}

Result<void> use_key(WOLFSSL_CTX* context, const std::string& file, const std::string& leaf_der,
                     const std::string& certificate_file) {
  auto pem = read_file_text(file);
  if (!pem) return propagate(pem);
  if (!pem->contains("-----BEGIN ")) return fail(ErrorKind::invalid, file + ": no PEM key in it");
  if (pem->contains("ENCRYPTED")) return fail(ErrorKind::invalid, file + ": the key is encrypted");
  const int used = wolfSSL_CTX_use_PrivateKey_buffer(context, wolf::bytes(*pem), static_cast<long>(pem->size()),
                                                     WOLFSSL_FILETYPE_PEM);
  const bool other = used == WOLFSSL_SUCCESS && belongs_to_another(leaf_der, *pem);
  crypto::wipe(*pem);
  if (used != WOLFSSL_SUCCESS) return fail(ErrorKind::invalid, file + ": not a usable key: " + wolf::error_text(used));
  if (other || wolfSSL_CTX_check_private_key(context) != WOLFSSL_SUCCESS) {
    return fail(ErrorKind::invalid, file + ": the key does not match the certificate in " + certificate_file);
  }
  return {};
}

}  // namespace

Result<KeyPair> load_key_pair(WOLFSSL_CTX* context, const std::string& certificate_file, const std::string& key_file) {
  KeyPair pair;
  auto pem = read_file_text(certificate_file);
  if (!pem) return propagate(pem);
  pair.chain_pem = std::move(*pem);
  auto leaf = leaf_of(pair.chain_pem, certificate_file);
  if (!leaf) return propagate(leaf);
  pair.leaf_der = std::move(*leaf);
  auto facts = read_certificate(pair.leaf_der);
  if (!facts) return fail(ErrorKind::invalid, certificate_file + ": not a certificate");
  pair.facts = std::move(*facts);
  const int used = wolfSSL_CTX_use_certificate_chain_buffer(context, wolf::bytes(pair.chain_pem),
                                                            static_cast<long>(pair.chain_pem.size()));
  if (used != WOLFSSL_SUCCESS) {
    return fail(ErrorKind::invalid, certificate_file + ": not a usable certificate: " + wolf::error_text(used));
  }
  if (auto key = use_key(context, key_file, pair.leaf_der, certificate_file); !key) return propagate(key);
  if (auto dates = check_dates(pair.facts, certificate_file); !dates) return propagate(dates);
  return pair;
}

}  // namespace ringpost::tls
