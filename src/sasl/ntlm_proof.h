// What NTLM version 2 computes of a password. Standards: MS-NLMP 3.3.2, 3.4.5.1, 4.2.4 (vectors).
#pragma once

#include <string>
#include <string_view>

namespace ringpost::sasl {

/// The key that stands for password, user and domain; names in UTF-16 as the client sent them. `password` in UTF-8.
std::string ntlm_key(std::string_view password, std::string_view user, std::string_view domain);
/// NTProofStr.
std::string ntlm_proof(std::string_view key, std::string_view nonce, std::string_view blob);
/// Over the three messages, the MIC in the last being zeros.
std::string ntlm_mic(std::string_view key, std::string_view proof, std::string_view messages);

}  // namespace ringpost::sasl
