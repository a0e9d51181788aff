// Digests, in one call. MD4 and MD5 serve old mechanisms only (NTLM, CRAM-MD5); nothing new is built on them.
//
// Any thread. Standards: RFC 1320 (MD4), 1321 (MD5), FIPS 180-4 (SHA).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringpost::crypto {

enum class Digest : std::uint8_t { md4, md5, sha1, sha256, sha384, sha512 };

/// The digest as octets, digest_octets() of them.
std::string digest(Digest kind, std::string_view octets);
std::size_t digest_octets(Digest kind) noexcept;

}  // namespace ringpost::crypto
