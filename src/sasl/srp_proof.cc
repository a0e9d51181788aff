#include "sasl/srp_proof.h"

#include "crypto/srp_server.h"

namespace ringpost::sasl {

std::string srp_client_proof(const SrpTranscript& t) {
  const auto hash = [&t](std::string_view octets) { return crypto::digest(t.kind, octets); };
  std::string group = hash(crypto::srp_modulus_octets());
  const std::string generator = hash(crypto::srp_generator_octets());
  for (std::size_t i = 0; i < group.size(); ++i) group[i] = static_cast<char>(group[i] ^ generator[i]);
  std::string octets = group + hash(t.user);
  octets.append(t.salt).append(t.client_key).append(t.server_key).append(t.key);
  return hash(octets + hash(t.identity) + hash(t.offered));
}

std::string srp_server_proof(const SrpTranscript& t, std::string_view client_proof) {
  const auto hash = [&t](std::string_view octets) { return crypto::digest(t.kind, octets); };
  std::string octets(t.client_key);
  octets.append(client_proof).append(t.key);
  const std::string no_session_for_no_time(4, '\0');
  return hash(octets + hash(t.identity) + hash(t.wanted) + no_session_for_no_time);
}

}  // namespace ringpost::sasl
