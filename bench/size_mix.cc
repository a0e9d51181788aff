#include "bench/size_mix.h"

#include <string>

#include "base/text.h"
#include "base/units.h"

namespace ringpost::bench {

Result<SizeMix> SizeMix::parse(std::string_view text) {
  constexpr std::uint64_t weight_max = 1'000'000;
  SizeMix mix;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto colon = part.find(':');
    const auto octets = parse_size(part.substr(0, colon));
    const auto weight =
        colon == std::string_view::npos ? std::optional<std::uint64_t>(1) : parse_unsigned(part.substr(colon + 1));
    if (!octets || *octets > octets_max || !weight || *weight == 0 || *weight > weight_max) {
      return fail(ErrorKind::invalid, "not SIZE or SIZE:WEIGHT, at most 1GiB: " + std::string(part));
    }
    if (mix.kinds_.size() == kinds_max) return fail(ErrorKind::invalid, "more sizes than " + std::to_string(kinds_max));
    mix.kinds_.push_back({*octets, *weight});
    mix.weight_ += *weight;
  }
  if (mix.kinds_.empty()) return fail(ErrorKind::invalid, "no size");
  return mix;
}

std::size_t SizeMix::kind_of(std::uint64_t message) const noexcept {
  if (kinds_.size() == 1) return 0;
  // Spread by a multiplication with an odd constant (the golden ratio), so that sizes do not come in blocks.
  std::uint64_t point = (message * 0x9e3779b97f4a7c15ULL >> 32) % weight_;
  std::size_t kind = 0;
  while (point >= kinds_[kind].weight) point -= kinds_[kind++].weight;
  return kind;
}

}  // namespace ringpost::bench
