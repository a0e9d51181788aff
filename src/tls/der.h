// Reads DER (X.690) that a peer may have written: one element after the other, never past the end. What does not follow
// the grammar reads as missing, and so does everything after it.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringpost::tls {

struct DerElement {
  std::uint8_t tag = 0;      // 0: there is none
  std::string_view content;  // without tag and length
  std::string_view whole;    // with them
};

class DerReader {
 public:
  explicit DerReader(std::string_view octets) noexcept : rest_(octets) {}

  bool empty() const noexcept { return rest_.empty(); }
  /// The next element; tag 0 where there is none.
  DerElement next() noexcept {
    DerElement element;
    const std::string_view start = rest_;
    const std::size_t tag = octet(), first = octet();
    std::size_t length = first;
    if (first >= 0x80) {
      std::size_t count = first & 0x7F;
      bad_ = bad_ || count == 0 || count > 3;  // 16 MiB: more than any certificate
      for (length = 0; !bad_ && count > 0; --count) length = length << 8 | octet();
    }
    if (bad_ || length > rest_.size() || (tag & 0x1F) == 0x1F) {
      rest_ = {};
      bad_ = true;
      return {};
    }
    element.tag = static_cast<std::uint8_t>(tag);
    element.content = rest_.substr(0, length);
    rest_.remove_prefix(length);
    element.whole = start.substr(0, start.size() - rest_.size());
    return element;
  }
  /// The next element's content, where it has this tag; else empty, and nothing is read.
  std::string_view next(std::uint8_t tag) noexcept {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_[0]) != tag) return {};
    return next().content;
  }
  bool next_is(std::uint8_t tag) const noexcept { return !rest_.empty() && static_cast<std::uint8_t>(rest_[0]) == tag; }

 private:
  std::size_t octet() noexcept {
    if (rest_.empty()) {
      bad_ = true;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool bad_ = false;
};

namespace der {
inline constexpr std::uint8_t boolean = 0x01, integer = 0x02, bit_string = 0x03, octet_string = 0x04, oid = 0x06,
                              utf8_string = 0x0C, printable_string = 0x13, ia5_string = 0x16, utc_time = 0x17,
                              generalized_time = 0x18, sequence = 0x30, set = 0x31;
constexpr std::uint8_t context(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0x80 | number);
}
constexpr std::uint8_t context_constructed(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0xA0 | number);
}
}  // namespace der

}  // namespace ringpost::tls
