// The TLSA records of a service, read from their RDATA: which certificate or key it shows, or who signs it. Any thread.
//
// Standards: RFC 6698 2.1 (form), RFC 7672 3.1 (what a mail client can use).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::dns {

struct Tlsa {
  static constexpr std::size_t data_octets_max = 16'384;  // no certificate has as many

  std::uint8_t usage = 0;     // 2: DANE-TA, 3: DANE-EE
  std::uint8_t selector = 0;  // 0: the certificate, 1: its public key
  std::uint8_t matching = 0;  // 0: as it is, 1: SHA-256, 2: SHA-512
  std::string data;

  /// One that mail can be protected with: DANE-TA or DANE-EE, and nothing in it that we do not know.
  bool usable() const noexcept;
  bool operator==(const Tlsa&) const = default;
};

/// nullopt: broken, or longer than data_octets_max.
std::optional<Tlsa> parse_tlsa(std::string_view rdata);

}  // namespace ringpost::dns
