// An OCSP response from a file, sent to clients that ask for one (RFC 6066 8, RFC 6960). It is checked once, when it is
// read: that the issuer has signed it, for this certificate, and says "good"; and at each handshake that it has not
// expired. Whoever fetches responses writes the file anew; a reload reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::tls {

struct Staple {
  std::string der;
  std::int64_t next_update = 0;  // seconds since 1970; 0: the responder promises nothing

  bool usable_at(std::int64_t now) const noexcept { return next_update == 0 || now < next_update; }
};

/// `chain_pem` is the certificate file: the leaf and, behind it, its issuer. The reason of an error names the file.
Result<std::unique_ptr<Staple>> read_staple(const std::string& file, std::string_view leaf_der,
                                            std::string_view chain_pem);

}  // namespace ringpost::tls
