// Which size the next message has: one size, or several with weights ("2KiB:70,50KiB:25,1MiB:5"). Message number n
// always gets the same size, so that two runs send the same mail.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringpost::bench {

class SizeMix {
 public:
  static constexpr std::size_t kinds_max = 64;
  static constexpr std::uint64_t octets_max = 1ULL << 30;

  explicit SizeMix(std::uint64_t octets) : kinds_{{octets, 1}}, weight_(1) {}
  /// Errors: invalid.
  static Result<SizeMix> parse(std::string_view text);

  std::size_t kinds() const noexcept { return kinds_.size(); }
  std::uint64_t octets(std::size_t kind) const noexcept { return kinds_[kind].octets; }
  std::size_t kind_of(std::uint64_t message) const noexcept;

 private:
  struct Kind {
    std::uint64_t octets;
    std::uint64_t weight;
  };
  SizeMix() = default;

  std::vector<Kind> kinds_;
  std::uint64_t weight_ = 0;  // of all
};

}  // namespace ringpost::bench
