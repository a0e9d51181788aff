// What either side of SRP proves with. Standards: draft-burdis-cat-srp-sasl-08 4.3 (M1), 4.4 (M2).
#pragma once

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace ringpost::sasl {

struct SrpTranscript {
  crypto::Digest kind;
  std::string_view user, identity;          // U, I
  std::string_view salt;                    // s
  std::string_view client_key, server_key;  // A, B
  std::string_view offered, wanted;         // L, o
  std::string_view key;                     // K = H(S)
};

/// M1
std::string srp_client_proof(const SrpTranscript& transcript);
/// M2
std::string srp_server_proof(const SrpTranscript& transcript, std::string_view client_proof);

}  // namespace ringpost::sasl
