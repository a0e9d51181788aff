// wolfSSL's objects with owners, its errors in words, and what must be called once. For src/tls alone.
#pragma once

// clang-format off: the options come first, they decide what the others declare
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>
// clang-format on

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tls/options.h"

namespace ringpost::tls::wolf {

struct Free {
  void operator()(WOLFSSL_CTX* context) const noexcept { wolfSSL_CTX_free(context); }
  void operator()(WOLFSSL* session) const noexcept { wolfSSL_free(session); }
  void operator()(WOLFSSL_SESSION* session) const noexcept { wolfSSL_SESSION_free(session); }
  void operator()(WOLFSSL_X509* certificate) const noexcept { wolfSSL_X509_free(certificate); }
  void operator()(WOLFSSL_CERT_MANAGER* manager) const noexcept { wolfSSL_CertManagerFree(manager); }
  void operator()(WOLFSSL_X509_STORE* store) const noexcept { wolfSSL_X509_STORE_free(store); }
};
using Context = std::unique_ptr<WOLFSSL_CTX, Free>;
using Ssl = std::unique_ptr<WOLFSSL, Free>;
using Session = std::unique_ptr<WOLFSSL_SESSION, Free>;
using Certificate = std::unique_ptr<WOLFSSL_X509, Free>;
using Manager = std::unique_ptr<WOLFSSL_CERT_MANAGER, Free>;
using Store = std::unique_ptr<WOLFSSL_X509_STORE, Free>;

/// Before anything else of the library; any thread, any number of times.
void initialise();

/// "decrypt error", at most 120 octets, printable.
std::string error_text(int error);
/// "unknown_ca" for 48: the names of RFC 8446 6.
std::string_view alert_name(int code) noexcept;

inline const unsigned char* bytes(std::string_view octets) noexcept {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

/// A context with our versions, suites and groups, and without the library's session cache, which all threads share
/// behind locks: tickets do its work.
Context make_context(bool server, Version min_version, Version max_version = Version::tls_1_3);

}  // namespace ringpost::tls::wolf
