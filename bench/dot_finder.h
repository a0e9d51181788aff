// Where a message ends, for who wants to know nothing else of it: looks only at dots, so that a body of text passes at
// the speed of memchr. Octets in pieces of any size. The sink needs no more; what must be unstuffed and judged goes
// through smtp::DataDecoder.
//
// Standards: RFC 5321 4.1.1.4 (CRLF "." CRLF, or "." CRLF as the first line).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringpost::bench {

class DotFinder {
 public:
  /// How many of `octets` belong to the message, final dot and its CRLF included; nullopt if it goes on behind them.
  std::optional<std::size_t> feed(std::string_view octets) noexcept;
  /// For the next message.
  void reset() noexcept { state_ = State::crlf; }

 private:
  enum class State : std::uint8_t { text, cr, crlf, dot, dot_cr, end };

  static State next(State state, char octet) noexcept;
  static State at_end_of(std::string_view text) noexcept;

  State state_ = State::crlf;  // the DATA line's own CRLF counts
};

}  // namespace ringpost::bench
