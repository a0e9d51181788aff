// SCRAM keys: made of a password, checked against one, written and read as text. Logins cost the server four HMACs
// whatever the iterations; they cost the client, and whoever has stolen the keys, one pass over all of them per guess.
//
// Any thread. Standards: RFC 5802 3, RFC 7677, RFC 5803 (the text: "SCRAM-SHA-256$10000:SALT$STORED:SERVER").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "account/account.h"

namespace ringpost::account {

/// RFC 7677 4 asks for 4096 at least. This is 3 ms of a phone's time; stolen keys of a poor password fall either way,
/// which is why the file is kept as close as a private key.
inline constexpr std::uint32_t scram_iterations = 10'000;
/// More in a file or a table is a slip of the pen: one PLAIN login would take minutes.
inline constexpr std::uint32_t scram_iterations_max = 5'000'000;

/// `password` after SASLprep.
ScramKeys derive_scram_keys(std::string_view password, std::string salt, std::uint32_t iterations, bool sha256);
/// With a new random salt.
ScramKeys make_scram_keys(std::string_view password, bool sha256, std::uint32_t iterations = scram_iterations);
bool scram_keys_match(const ScramKeys& keys, std::string_view password, bool sha256);

/// Keys that nobody has, for a login that does not exist: they follow from `seed` (32 secret octets) alone, with as
/// many iterations and as long a salt as `like` has (as new keys where it is empty).
ScramKeys decoy_keys(std::string_view seed, const ScramKeys& like, bool sha256);

std::string print_scram_keys(const ScramKeys& keys, bool sha256);
/// Also without the name of the mechanism, and as Dovecot writes them ("{SCRAM-SHA-256}4096,SALT,STORED,SERVER").
std::optional<ScramKeys> parse_scram_keys(std::string_view text, bool sha256);

}  // namespace ringpost::account
