// The three messages of NTLM: the client says what it can, the server sends a challenge, the client answers it.
// Offsets and lengths in them are a stranger's; every field lies wholly inside of its message, behind the header, or
// the message is refused.
//
// Standards: MS-NLMP 2.2.1 (messages), 2.2.2.1 (AV pairs), 2.2.2.5 (flags), 2.2.2.7 (the answer of version 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace ringpost::sasl {

inline constexpr std::size_t ntlm_message_octets_max = 8UL * 1024;

namespace ntlm_flag {
inline constexpr std::uint32_t unicode = 0x00000001, oem = 0x00000002, request_target = 0x00000004, ntlm = 0x00000200,
                               always_sign = 0x00008000, target_is_server = 0x00020000, extended_security = 0x00080000,
                               target_info = 0x00800000, version = 0x02000000, key_128 = 0x20000000,
                               key_56 = 0x80000000;
}  // namespace ntlm_flag

/// Errors: invalid. Gives the client's flags.
Result<std::uint32_t> parse_ntlm_negotiate(std::string_view octets);

struct NtlmChallenge {
  std::uint32_t client_flags = 0;  // what it answers
  std::string nonce;               // 8 octets
  std::string domain, host;        // DNS names, UTF-8
  WallTime now;
};
std::string write_ntlm_challenge(const NtlmChallenge& challenge);

/// Of the client's answer. Names as UTF-16, whichever way they were sent.
struct NtlmAuthenticate {
  std::string lm_response, nt_response;
  std::string domain, user;
  std::optional<std::string> mic;  // 16 octets, where the message has room for one
};
/// Where the MIC stands in the message; it was computed over zeros there.
inline constexpr std::size_t ntlm_mic_offset = 72, ntlm_mic_octets = 16;
/// Errors: invalid.
Result<NtlmAuthenticate> parse_ntlm_authenticate(std::string_view octets);

/// The answer of version 2: a proof, and behind it what the proof is about.
struct NtlmResponse {
  std::string_view proof;  // 16 octets
  std::string_view blob;   // all behind it
  WallTime time;
  bool has_mic = false;  // the message's MIC counts
};
/// nullopt: not of version 2, or broken. Views into `octets`.
std::optional<NtlmResponse> parse_ntlm_response(std::string_view octets);

}  // namespace ringpost::sasl
