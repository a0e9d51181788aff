// Which messages a sink has received, by the token in their header (X-Ringpost-Token): how many different ones, and how
// many came to the same recipient more than once. Sixteen octets a delivery or so: the tokens themselves are not kept,
// only 64-bit hashes, of which two of ten million differ but collide once in 400,000 runs. One log for all threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

namespace ringpost::bench {

/// Finds the token while the header passes by.
class TokenFinder {
 public:
  void feed(std::string_view octets);
  /// Empty if none was found.
  const std::string& token() const noexcept { return token_; }
  void reset();

 private:
  static constexpr std::size_t header_octets_max = 64 * 1024;
  std::string header_;  // as far as it has come, until the token is found or the header has ended
  std::string token_;
  bool done_ = false;
};

class DeliveryLog {
 public:
  struct Counts {
    std::uint64_t tokens = 0;      // different ones
    std::uint64_t duplicates = 0;  // (token, recipient) pairs beyond their first time
    std::uint64_t without_token = 0;
  };

  void add(const std::string& token, std::span<const std::string> recipients);
  Counts counts() const;

 private:
  mutable std::mutex mutex_;  // protects everything below
  std::unordered_set<std::uint64_t> tokens_;
  std::unordered_set<std::uint64_t> deliveries_;
  Counts counts_;
};

}  // namespace ringpost::bench
