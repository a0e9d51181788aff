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
    source.has_own_weight = true;
  }
  if (!take_word(rest).empty()) return fail(ErrorKind::invalid, "more than an address, a name and a weight");
  return source;
}

void complete(SourceAddress& source, const std::vector<SourceOptions>& all) {
  for (const SourceOptions& options : all) {
    const auto address = io::SocketAddress::from_host_port(options.address, 0);
    if (!address || address->host() != source.address.host()) continue;
    if (source.hostname.empty()) source.hostname = options.hostname;
    if (!source.has_own_weight) source.weight = options.weight;
    const auto first_day = parse_day(options.warm_up_start);
    if (!options.warm_up.empty() && first_day)
      source.warm_up = std::make_shared<const WarmUpPlan>(WarmUpPlan{*first_day, options.warm_up});
    return;
  }
}

const SourceAddress* choose_source(const std::vector<SourceAddress>& sources, const io::SocketAddress& destination,
                                   std::uint64_t dice, const std::function<bool(const SourceAddress&)>& may_send) {
  std::uint64_t sum = 0;
  std::vector<const SourceAddress*> candidates;
  for (const SourceAddress& each : sources) {
    if (each.address.family() != destination.family() || (may_send && !may_send(each))) continue;
    candidates.push_back(&each);
    sum += each.weight;
  }
  if (sum == 0) return nullptr;
  dice %= sum;
  for (const SourceAddress* each : candidates) {
    if (dice < each->weight) return each;
    dice -= each->weight;
  }
  return nullptr;
}

}  // namespace ringpost::relay
