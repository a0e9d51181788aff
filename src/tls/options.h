// What TLS is told. Filled by config/; every value has its default here.
#pragma once

#include <string>
#include <vector>

namespace ringpost::tls {

enum class Version : unsigned char { tls_1_2, tls_1_3 };

struct CertificateFiles {
  std::string certificate;  // PEM, leaf first, then its chain
  std::string key;          // PEM
  std::string ocsp;         // a DER response to staple; empty: none
  bool operator==(const CertificateFiles&) const = default;
};

/// [tls]
struct ServerOptions {
  std::vector<CertificateFiles> certificates;  // chosen by SNI; the first where none matches
  Version min_version = Version::tls_1_2;
  std::string client_ca;  // PEM file; empty: clients are not asked for a certificate
  // Asks for one without authorities, too: nothing is verified then, but its fingerprint is known (trusted relays).
  bool request_client_certificate = false;
  bool operator==(const ServerOptions&) const = default;
};

/// Towards next hops.
struct ClientOptions {
  std::string ca_file = "/etc/ssl/certs/ca-certificates.crt";  // the system's store
  std::string certificate, key;                                // shown where the peer asks; empty: none
  Version min_version = Version::tls_1_2;
  Version max_version = Version::tls_1_3;  // lower only to measure or test the older one
  bool operator==(const ClientOptions&) const = default;
};

}  // namespace ringpost::tls
