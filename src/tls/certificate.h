// What a certificate says, in plain values. Nothing here is believed: signatures are trust.h's.
//
// Standards: RFC 5280 (certificates), RFC 4514 (names as text), RFC 6125 6.4 (which name it stands for).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/der.h"

namespace ringpost::tls {

struct CertificateFacts {
  std::string subject;  // RFC 4514, at most 500 octets
  std::string common_name;
  std::vector<std::string> dns_names;  // lower case
  std::vector<std::string> emails;
  std::vector<std::string> addresses;          // 4 or 16 octets each
  bool has_alternative_names = false;          // then the common name stands for nothing
  std::int64_t not_before = 0, not_after = 0;  // seconds since 1970
  bool is_authority = false;
  int path_length = -1;                         // -1: not limited
  bool may_sign_certificates = true;            // key usage; also where it has none
  bool for_servers = true, for_clients = true;  // extended key usage; both where it has none
};

/// nullopt: not a certificate.
std::optional<CertificateFacts> read_certificate(std::string_view der);

/// UTCTime "YYMMDDhhmmssZ" or GeneralizedTime "YYYYMMDDhhmmssZ" (RFC 5280 4.1.2.5) in seconds since 1970; 0: neither.
std::int64_t read_der_time(const DerElement& element) noexcept;

/// SubjectPublicKeyInfo, DER, within `der`; empty: not a certificate.
std::string_view public_key_of(std::string_view der) noexcept;

/// SHA-256 of the DER octets, 64 lower-case hexadecimal digits.
std::string certificate_fingerprint(std::string_view der);

/// One pattern of a certificate ("*.example.com": exactly one label) against a host name, both in lower case.
bool name_matches(std::string_view pattern, std::string_view host) noexcept;

/// A host name or an IP address in text, against what the certificate stands for.
bool stands_for(const CertificateFacts& certificate, std::string_view host);

/// IPv4 or IPv6 in text.
bool is_address(std::string_view host) noexcept;

}  // namespace ringpost::tls
