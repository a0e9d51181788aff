// The messages of SRP: a length, then elements that each say how long they are. Numbers have two octets of length,
// strings two, octet sequences one. What stands behind the last element, or is cut short, is refused.
//
// Standards: draft-burdis-cat-srp-sasl-08 3.1 (elements), 4 (messages).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

inline constexpr std::size_t srp_message_octets_max = 8UL * 1024;

struct SrpIdentity {     // the client's first
  std::string user;      // U, the authentication identity
  std::string identity;  // I, the authorization identity
};
std::optional<SrpIdentity> parse_srp_identity(std::string_view octets);

struct SrpEvidence {   // the client's second
  std::string key;     // A, big-endian without leading zeros
  std::string proof;   // M1
  std::string wanted;  // o, the options it has chosen
};
std::optional<SrpEvidence> parse_srp_evidence(std::string_view octets);

struct SrpParameters {  // the server's first
  std::string_view modulus, generator, salt, key, offered;
};
std::string write_srp_parameters(const SrpParameters& parameters);

/// The server's second: its proof, a vector for a layer that is not used, and no session that could be resumed.
std::string write_srp_proof(std::string_view proof, std::string_view vector);

/// "mda=SHA-1,maxbuffersize=1024" has chosen exactly this digest, and no layer: none was offered.
bool srp_options_fit(std::string_view wanted, std::string_view digest);

}  // namespace ringpost::sasl
