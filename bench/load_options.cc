#include "bench/load_options.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <limits>

namespace ringpost::bench {

namespace {

constexpr std::size_t sources_max = 65'536;

std::optional<std::uint32_t> ipv4(std::string_view text) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

io::SocketAddress address_of(std::uint32_t ip) noexcept {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr.s_addr = htonl(ip);
  return io::SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

}  // namespace

std::uint64_t LoadOptions::messages_in_all() const noexcept {
  if (sessions == 0) return 0;
  if (messages) return *messages;
  if (messages_per_session && !duration && !without_mail) return *messages_per_session * sessions;
  return duration ? std::numeric_limits<std::uint64_t>::max() : std::uint64_t{1000};
}

Result<std::vector<io::SocketAddress>> parse_source_addresses(std::string_view text) {
  std::vector<io::SocketAddress> addresses;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto dash = part.find('-');
    if (dash == std::string_view::npos) {
      auto address = io::SocketAddress::from_host_port(part, 0);
      if (!address) return propagate(address);
      addresses.push_back(*address);
      continue;
    }
    const auto first = ipv4(part.substr(0, dash)), last = ipv4(part.substr(dash + 1));
    if (!first || !last || *first > *last) {
      return fail(ErrorKind::invalid, "not a range of IPv4 addresses: " + std::string(part));
    }
    if (*last - *first >= sources_max - addresses.size()) return fail(ErrorKind::invalid, "more than 65536 addresses");
    for (std::uint32_t i = 0; i <= *last - *first; ++i) addresses.push_back(address_of(*first + i));
  }
  return addresses;
}

}  // namespace ringpost::bench
