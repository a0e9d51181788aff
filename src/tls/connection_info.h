// What a handshake agreed on, in plain values: for the log, the Received field, policy and SASL.
#pragma once

#include <string>
#include <vector>

namespace ringpost::tls {

struct ConnectionInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // IANA name: "TLS_AES_128_GCM_SHA256"
  std::string sni;      // what the client asked for; empty: nothing
  bool resumed = false;
  // The peer's certificate; empty without one.
  bool peer_verified = false;  // chain and, towards next hops, name
  std::string peer_proof;      // "pkix", "dane-ee", "dane-ta"; empty: not verified
  std::string peer_subject;    // RFC 4514
  std::string peer_common_name;
  std::vector<std::string> peer_dns_names;  // subjectAltName
  std::vector<std::string> peer_emails;     // subjectAltName rfc822Name
  std::string peer_fingerprint;             // SHA-256 of the certificate, 64 lower-case hexadecimal digits
  std::string peer_problem;                 // why it was not verified
};

}  // namespace ringpost::tls
