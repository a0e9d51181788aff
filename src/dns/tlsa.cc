#include "dns/tlsa.h"

namespace ringpost::dns {

namespace {

constexpr std::size_t head_octets = 3;
constexpr std::uint8_t trust_anchor = 2, end_entity = 3;

}  // namespace

bool Tlsa::usable() const noexcept {
  if (usage != trust_anchor && usage != end_entity) return false;
  if (selector > 1) return false;
  switch (matching) {
    case 0:
      return !data.empty();
    case 1:
      return data.size() == 32;
    case 2:
      return data.size() == 64;
    default:
      return false;
  }
}

std::optional<Tlsa> parse_tlsa(std::string_view rdata) {
  if (rdata.size() <= head_octets || rdata.size() > head_octets + Tlsa::data_octets_max) return std::nullopt;
  return Tlsa{.usage = static_cast<std::uint8_t>(rdata[0]),
              .selector = static_cast<std::uint8_t>(rdata[1]),
              .matching = static_cast<std::uint8_t>(rdata[2]),
              .data = std::string(rdata.substr(head_octets))};
}

}  // namespace ringpost::dns
