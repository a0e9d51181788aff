#include "mail/octet_coder.h"

namespace ringpost::mail {
namespace {

template <class Integer>
void append_fixed(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

template <class Integer>
Integer read_fixed(std::string_view octets) noexcept {
  Integer value = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    value |= static_cast<Integer>(static_cast<unsigned char>(octets[i])) << (8 * i);
  }
  return value;
}

std::unexpected<Error> damaged(std::string_view what, std::string_view how) {
  return ringpost::fail(ErrorKind::corrupt, std::string(what).append(how));
}

}  // namespace

void Encoder::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void Encoder::fixed32(std::uint32_t value) {
  append_fixed(out_, value);
}
void Encoder::fixed64(std::uint64_t value) {
  append_fixed(out_, value);
}

void Encoder::string(std::string_view value) {
  varint(value.size());
  out_.append(value);
}

std::uint8_t Decoder::u8() noexcept {
  const std::string_view octet = octets(1);
  return octet.empty() ? 0 : static_cast<std::uint8_t>(octet.front());
}

std::uint64_t Decoder::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t octet = u8();
    if (!ok_ || (shift == 63 && octet > 1) || (shift != 0 && octet == 0)) break;
    value |= (octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint64_t Decoder::varint_at_most(std::uint64_t max) noexcept {
  const std::uint64_t value = varint();
  if (value <= max) return value;
  fail();
  return 0;
}

std::uint32_t Decoder::fixed32() noexcept {
  return read_fixed<std::uint32_t>(octets(4));
}
std::uint64_t Decoder::fixed64() noexcept {
  return read_fixed<std::uint64_t>(octets(8));
}

std::string_view Decoder::string(std::size_t octets_max) noexcept {
  return octets(varint_at_most(octets_max));
}

std::string_view Decoder::octets(std::size_t count) noexcept {
  if (count > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

Result<void> Decoder::finish(std::string_view what) const {
  if (!ok_) return damaged(what, " is damaged");
  if (!rest_.empty()) return damaged(what, " has octets left over");
  return {};
}

}  // namespace ringpost::mail
