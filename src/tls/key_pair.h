// A certificate and its key from PEM files, put into a context of the library.
#pragma once

#include <string>

#include "base/result.h"
#include "tls/certificate.h"
#include "tls/wolf.h"

namespace ringpost::tls {

struct KeyPair {
  CertificateFacts facts;
  std::string leaf_der;
  std::string chain_pem;
};

/// Errors: not_found, io; invalid: not PEM, the key does not match, expired, not yet valid. The reason begins with the
/// name of the file.
Result<KeyPair> load_key_pair(WOLFSSL_CTX* context, const std::string& certificate_file, const std::string& key_file);

}  // namespace ringpost::tls
