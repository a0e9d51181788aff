#include "policy/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace ringpost::policy {

namespace {

constexpr std::uint8_t mapped_bits = 96;  // ::ffff:0:0/96, where IPv4 lives

}  // namespace

bool IpAddress::is_v4() const noexcept {
  return std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t o) { return o == 0; }) &&
         octets[10] == 0xff && octets[11] == 0xff;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v4()) {
    ::inet_ntop(AF_INET, octets.data() + 12, out.data(), out.size());
  } else {
    ::inet_ntop(AF_INET6, octets.data(), out.data(), out.size());
  }
  return out.data();
}

Result<IpAddress> parse_ip(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  IpAddress address;
  if (text.size() < terminated.size() && text.find('\0') == std::string_view::npos) {
    std::ranges::copy(text, terminated.begin());
    if (::inet_pton(AF_INET6, terminated.data(), address.octets.data()) == 1) return address;
    if (::inet_pton(AF_INET, terminated.data(), address.octets.data() + 12) == 1) {
      std::fill_n(address.octets.begin(), 10, std::uint8_t{0});
      address.octets[10] = address.octets[11] = 0xff;
      return address;
    }
  }
  return fail(ErrorKind::invalid, "'" + printable(text, 64) + "' is not an IP address");
}

bool Network::contains(const IpAddress& address) const noexcept {
  // ::/0 is all of IPv6, not IPv4 as well: nobody who trusts one means the other.
  const bool v4 = base_.is_v4() && prefix_bits_ >= mapped_bits;
  if (v4 != address.is_v4()) return false;
  const std::size_t whole = prefix_bits_ / 8;
  if (std::memcmp(base_.octets.data(), address.octets.data(), whole) != 0) return false;
  const unsigned rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return ((base_.octets[whole] ^ address.octets[whole]) & mask) == 0;
}

std::string Network::text() const {
  const bool v4 = base_.is_v4() && prefix_bits_ >= mapped_bits;
  return base_.text() + "/" + std::to_string(v4 ? prefix_bits_ - mapped_bits : prefix_bits_);
}

Result<Network> parse_network(std::string_view text) {
  const auto invalid = [text](std::string_view why) {
    return fail(ErrorKind::invalid, "'" + printable(text, 64) + "' is not a network: " + std::string(why));
  };
  const auto slash = text.find('/');
  auto address = parse_ip(text.substr(0, slash));
  if (!address) return invalid("expected an address like 192.0.2.0/24 or 2001:db8::/32");
  Network network;
  network.base_ = *address;
  if (slash != std::string_view::npos) {
    const bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
    const auto bits = parse_unsigned(text.substr(slash + 1));
    if (!bits || *bits > (dotted ? 32U : 128U)) return invalid("the prefix length is out of range");
    network.prefix_bits_ = static_cast<std::uint8_t>(*bits + (dotted ? mapped_bits : 0));
  }
  for (std::size_t bit = network.prefix_bits_; bit < 128; ++bit)
    if ((network.base_.octets[bit / 8] & (0x80U >> (bit % 8))) != 0) return invalid("bits behind the prefix are set");
  return network;
}

bool any_contains(std::span<const Network> networks, const IpAddress& address) noexcept {
  return std::ranges::any_of(networks, [&](const Network& network) { return network.contains(address); });
}

}  // namespace ringpost::policy
