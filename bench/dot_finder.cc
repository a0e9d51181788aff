#include "bench/dot_finder.h"

#include <cstring>

namespace ringpost::bench {

DotFinder::State DotFinder::next(State state, char octet) noexcept {
  switch (state) {
    case State::cr:
      if (octet == '\n') return State::crlf;
      break;
    case State::crlf:
      if (octet == '.') return State::dot;
      break;
    case State::dot:
      return octet == '\r' ? State::dot_cr : State::text;
    case State::dot_cr:
      if (octet == '\n') return State::end;
      break;
    case State::text:
    case State::end:
      break;
  }
  return octet == '\r' ? State::cr : State::text;
}

DotFinder::State DotFinder::at_end_of(std::string_view text) noexcept {
  if (text.ends_with("\r\n")) return State::crlf;
  return text.ends_with('\r') ? State::cr : State::text;
}

std::optional<std::size_t> DotFinder::feed(std::string_view octets) noexcept {
  std::size_t at = 0;
  while (at < octets.size()) {
    if (state_ == State::text) {
      const void* found = std::memchr(octets.data() + at, '.', octets.size() - at);
      const std::size_t dot =
          found == nullptr ? octets.size() : static_cast<std::size_t>(static_cast<const char*>(found) - octets.data());
      state_ = at_end_of(octets.substr(at, dot - at));
      at = dot;
      if (found == nullptr) return std::nullopt;
    }
    state_ = next(state_, octets[at++]);
    if (state_ == State::end) {
      reset();
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace ringpost::bench
