// Encoder and Decoder: numbers and strings to octets and back, for records on disk. Numbers are little-endian base-128
// varints (7 bits an octet, the highest bit says "more") or of fixed width; strings carry their length in front.
// A Decoder trusts nothing: after the first octet that cannot be, it has failed, stays so, and returns zeros and empty
// views; one look at ok() or finish() at the end is enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::mail {

/// Appends to `out`, which the caller owns and which outlives it.
class Encoder {
 public:
  explicit Encoder(std::string& out) noexcept : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value);
  void fixed32(std::uint32_t value);
  void fixed64(std::uint64_t value);
  void string(std::string_view value);
  /// As they are, without a length.
  void octets(std::string_view value) { out_.append(value); }

 private:
  std::string& out_;
};

/// Reads from `in`, whose memory outlives it and the views it returns.
class Decoder {
 public:
  static constexpr std::size_t string_octets_max_default = 64 * 1024;

  explicit Decoder(std::string_view in) noexcept : rest_(in) {}

  std::uint8_t u8() noexcept;
  /// At most ten octets; the shortest form only, so that equal values have equal octets.
  std::uint64_t varint() noexcept;
  /// Fails above `max`: for counts, enumerations and narrower types.
  std::uint64_t varint_at_most(std::uint64_t max) noexcept;
  std::uint32_t fixed32() noexcept;
  std::uint64_t fixed64() noexcept;
  std::string_view string(std::size_t octets_max = string_octets_max_default) noexcept;
  std::string_view octets(std::size_t count) noexcept;
  /// 0 or 1.
  bool boolean() noexcept { return varint_at_most(1) == 1; }

  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const noexcept { return ok_; }
  /// What has not been read yet; empty after a failure.
  std::string_view rest() const noexcept { return rest_; }
  /// Errors: corrupt, `what` names the record, if anything failed or octets are left over.
  Result<void> finish(std::string_view what) const;

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace ringpost::mail
