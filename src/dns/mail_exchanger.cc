#include "dns/mail_exchanger.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::dns {

namespace {

constexpr std::size_t label_octets_max = 63;
constexpr std::size_t name_octets_max = 253;

bool is_plain(char c) noexcept {
  return c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '@' && c != '"';
}

}  // namespace

std::optional<std::string> parse_name(std::string_view wire) {
  std::string name;
  for (;;) {
    if (wire.empty()) return std::nullopt;
    const auto octets = static_cast<std::uint8_t>(wire[0]);
    wire.remove_prefix(1);
    if (octets == 0) break;
    if (octets > label_octets_max || octets > wire.size()) return std::nullopt;
    const std::string_view label = wire.substr(0, octets);
    if (!std::ranges::all_of(label, is_plain)) return std::nullopt;
    if (!name.empty()) name += '.';
    name += label;
    wire.remove_prefix(octets);
    if (name.size() > name_octets_max) return std::nullopt;
  }
  if (!wire.empty()) return std::nullopt;
  return to_lower(name);
}

std::optional<MailExchanger> parse_mail_exchanger(std::string_view rdata) {
  if (rdata.size() < 3) return std::nullopt;
  auto host = parse_name(rdata.substr(2));
  if (!host) return std::nullopt;
  const auto preference =
      static_cast<std::uint16_t>(static_cast<std::uint8_t>(rdata[0]) << 8 | static_cast<std::uint8_t>(rdata[1]));
  return MailExchanger{preference, std::move(*host)};
}

}  // namespace ringpost::dns
