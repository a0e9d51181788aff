#include "base/ids.h"

#include "base/assert.h"
#include "base/random.h"
#include "base/text.h"

namespace ringpost {

namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

MessageId MessageId::generate(WallTime now) noexcept {
  const auto time = static_cast<std::uint64_t>(now.milliseconds) & 0xffff'ffff'ffffULL;
  return {(time << 16) | (random_u64() & 0xffff), random_u64()};
}

std::string MessageId::text() const {
  std::string out(text_octets, '0');
  unsigned __int128 value = (static_cast<unsigned __int128>(high) << 64) | low;
  for (std::size_t i = text_octets; i-- > 0; value >>= 5) out[i] = alphabet[static_cast<std::size_t>(value & 31)];
  return out;
}

std::optional<MessageId> MessageId::parse(std::string_view text) noexcept {
  if (text.size() != text_octets || text[0] < '0' || text[0] > '7') return std::nullopt;
  unsigned __int128 value = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(ascii_upper(c));
    if (digit == std::string_view::npos) return std::nullopt;
    value = (value << 5) | digit;
  }
  return MessageId{static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)};
}

std::array<char, 16> MessageId::octets() const noexcept {
  std::array<char, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<char>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return out;
}

MessageId MessageId::from_octets(std::string_view sixteen_octets) noexcept {
  RINGPOST_ASSERT(sixteen_octets.size() == 16);
  MessageId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = (id.high << 8) | static_cast<unsigned char>(sixteen_octets[i]);
    id.low = (id.low << 8) | static_cast<unsigned char>(sixteen_octets[8 + i]);
  }
  return id;
}

}  // namespace ringpost
