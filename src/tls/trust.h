// A set of authorities, and whether a chain of certificates leads to one of them.
//
// The library would do this inside the handshake, but a certificate that our callback lets pass there (opportunistic
// TLS; a client whose certificate is only recorded) is added to the shared authorities as one that may sign others: one
// peer could so make every later one believe it. Here nothing that a peer sent outlives the question.
//
// Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tls/wolf.h"

namespace ringpost::tls {

/// Empty when the certificate at `anchor` of the chain (leaf first, DER), which is trusted as it is, vouches for the
/// leaf, signature by signature; else why not, in words.
std::string problem_below(std::span<const std::string_view> chain, std::size_t anchor);

class TrustStore {
 public:
  /// Trusts nobody.
  TrustStore();
  /// From a PEM file. Certificates that the library cannot use are passed over; a file without a single one it can is
  /// an error.
  static Result<TrustStore> load(const std::string& file);

  enum class Purpose { server, client };
  /// The chain as the peer sent it, leaf first, DER. Empty when it leads to an authority of this set and the leaf is
  /// made for `purpose`; else why not, in words.
  std::string problem_of(std::span<const std::string_view> chain, Purpose purpose) const;

 private:
  wolf::Manager manager_;
  bool empty_ = true;
};

}  // namespace ringpost::tls
