#include "relay/source_address.h"

#include <charconv>

#include "base/text.h"
#include "mail/address.h"

namespace ringpost::relay {

namespace {

constexpr std::uint32_t weight_max = 1000;

std::string_view take_word(std::string_view& text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

Result<SourceAddress> parse_source_address(std::string_view text) {
  std::string_view rest = text;
  SourceAddress source;
  auto address = io::SocketAddress::from_host_port(take_word(rest), 0);
  if (!address) return propagate(address);
  source.address = *address;
  const std::string_view hostname = take_word(rest);
  if (!hostname.empty() && !mail::valid_domain(hostname, false)) {
    return fail(ErrorKind::invalid, "not a host name: " + printable(hostname));
  }
  source.hostname = hostname;
  const std::string_view weight = take_word(rest);
  if (!weight.empty()) {
    const auto [end, error] = std::from_chars(weight.data(), weight.data() + weight.size(), source.weight);
    const bool whole = error == std::errc() && end == weight.data() + weight.size();
    if (!whole || source.weight == 0 || source.weight > weight_max) {
      return fail(ErrorKind::invalid, "not a weight from 1 to 1000: " + printable(weight));
    }
  }
  if (!take_word(rest).empty()) return fail(ErrorKind::invalid, "more than an address, a name and a weight");
  return source;
}

const SourceAddress* choose_source(const std::vector<SourceAddress>& sources, const io::SocketAddress& destination,
                                   std::uint64_t dice) noexcept {
  std::uint64_t sum = 0;
  for (const SourceAddress& each : sources) {
    if (each.address.family() == destination.family()) sum += each.weight;
  }
  if (sum == 0) return nullptr;
  dice %= sum;
  for (const SourceAddress& each : sources) {
    if (each.address.family() != destination.family()) continue;
    if (dice < each.weight) return &each;
    dice -= each.weight;
  }
  return nullptr;
}

}  // namespace ringpost::relay
