// An address, or many, as an account lists what it may send as: "ann@example.com", "*@example.com" (everybody there),
// "ann+*@example.com" (every subaddress of hers, RFC 5233). Domains compare without case, and a U-label equals its
// A-label. Local parts compare without case where the domain is ours; elsewhere only their own server may say that two
// are the same (RFC 5321 2.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/address.h"

namespace ringpost::policy {

/// Lower case, U-labels as A-labels (UTS 46). What is no valid name stays as it is, and equals itself only.
std::string canonical_domain(std::string_view domain);
/// NFC with case folded.
std::string fold_local_part(std::string_view local);

class AddressPattern {
 public:
  /// Errors: invalid.
  static Result<AddressPattern> parse(std::string_view text);

  /// `ours`: the address is in a domain of ours. `domain`: that of the address, canonical.
  bool matches(const mail::Address& address, std::string_view domain, bool ours) const;
  bool operator==(const AddressPattern&) const = default;

 private:
  enum class Kind : std::uint8_t { exact, whole_domain, subaddresses };
  Kind kind_ = Kind::exact;
  std::string local_;  // of subaddresses with its '+'
  std::string folded_;
  std::string domain_;
};

}  // namespace ringpost::policy
