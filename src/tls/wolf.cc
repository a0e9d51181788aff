#include "tls/wolf.h"

#include <array>

#include "base/assert.h"
#include "base/text.h"

namespace ringpost::tls::wolf {

namespace {

// RFC 9325 4.2: forward secrecy and authenticated encryption only. Ours is the order that counts (the server's side).
constexpr const char* suites_13 = "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256";
constexpr const char* suites_12_and_13 =
    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::array<word16, 3> groups = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1};

}  // namespace

void initialise() {
  static const int result = wolfSSL_Init();
  RINGPOST_ASSERT(result == WOLFSSL_SUCCESS);
}

std::string error_text(int error) {
  const char* text = wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(error));
  return printable(text == nullptr ? "unknown error" : text, 120);
}

std::string_view alert_name(int code) noexcept {
  switch (code) {
    case 0:
      return "close_notify";
    case 10:
      return "unexpected_message";
    case 20:
      return "bad_record_mac";
    case 22:
      return "record_overflow";
    case 40:
      return "handshake_failure";
    case 42:
      return "bad_certificate";
    case 43:
      return "unsupported_certificate";
    case 44:
      return "certificate_revoked";
    case 45:
      return "certificate_expired";
    case 46:
      return "certificate_unknown";
    case 47:
      return "illegal_parameter";
    case 48:
      return "unknown_ca";
    case 49:
      return "access_denied";
    case 50:
      return "decode_error";
    case 51:
      return "decrypt_error";
    case 70:
      return "protocol_version";
    case 71:
      return "insufficient_security";
    case 80:
      return "internal_error";
    case 86:
      return "inappropriate_fallback";
    case 90:
      return "user_canceled";
    case 100:
      return "no_renegotiation";
    case 109:
      return "missing_extension";
    case 110:
      return "unsupported_extension";
    case 112:
      return "unrecognized_name";
    case 113:
      return "bad_certificate_status_response";
    case 116:
      return "certificate_required";
    case 120:
      return "no_application_protocol";
    default:
      return "an alert of unknown meaning";
  }
}

Context make_context(bool server, Version min_version, Version max_version) {
  initialise();
  const bool only_13 = min_version == Version::tls_1_3;
  WOLFSSL_METHOD* method = nullptr;
  if (only_13) {
    method = server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
  } else if (max_version == Version::tls_1_2) {
    method = server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method();
  } else {
    method = server ? wolfSSLv23_server_method() : wolfSSLv23_client_method();
  }
  Context context(wolfSSL_CTX_new(method));
  RINGPOST_ASSERT(context != nullptr);
  WOLFSSL_CTX* const raw = context.get();
  if (!only_13) RINGPOST_ASSERT(wolfSSL_CTX_SetMinVersion(raw, WOLFSSL_TLSV1_2) == WOLFSSL_SUCCESS);
  RINGPOST_ASSERT(wolfSSL_CTX_set_cipher_list(raw, only_13 ? suites_13 : suites_12_and_13) == WOLFSSL_SUCCESS);
  for (const word16 group : groups) {
    RINGPOST_ASSERT(wolfSSL_CTX_UseSupportedCurve(raw, group) == WOLFSSL_SUCCESS);
  }
  wolfSSL_CTX_set_session_cache_mode(raw, server ? WOLFSSL_SESS_CACHE_OFF : WOLFSSL_SESS_CACHE_NO_INTERNAL);
  return context;
}

}  // namespace ringpost::tls::wolf
