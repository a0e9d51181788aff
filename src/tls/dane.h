// Whether a peer's certificates are those that its TLSA records announce. What is in the records was validated by
// whoever asks; no authority but the one they name counts.
//
// DANE-EE: the leaf is the announced one, and neither its names nor its dates are looked at: the DNS vouches for the
// binding. DANE-TA: an announced authority stands in the chain (or whole in the record), signs down to the leaf, and
// the leaf stands for one of our names.
//
// Any thread. Standards: RFC 6698 2.1, RFC 7671 5.1, 5.2, RFC 7672 3.1, 3.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::tls {

struct DaneAssociation {
  enum class Usage : std::uint8_t { trust_anchor = 2, end_entity = 3 };
  enum class Selector : std::uint8_t { certificate = 0, public_key = 1 };
  enum class Matching : std::uint8_t { exact = 0, sha256 = 1, sha512 = 2 };

  Usage usage = Usage::end_entity;
  Selector selector = Selector::public_key;
  Matching matching = Matching::sha256;
  std::string data;

  auto operator<=>(const DaneAssociation&) const = default;
};

/// What the DNS says of a peer.
struct DaneWish {
  std::vector<DaneAssociation> associations;  // empty: there is no DANE
  std::vector<std::string> names;             // any of them will do, where names are looked at at all

  bool empty() const noexcept { return associations.empty(); }
  bool operator==(const DaneWish&) const = default;
};

struct DaneVerdict {
  std::string proof;    // "dane-ee" or "dane-ta"; empty: not as announced
  std::string problem;  // then why, in words
};

/// `chain`: as the peer sent it, leaf first, DER.
DaneVerdict judge_dane(std::span<const std::string_view> chain, const DaneWish& wish);

}  // namespace ringpost::tls
