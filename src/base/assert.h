// RINGPOST_ASSERT documents a programming error of ours and is on in release builds too. What a peer, a disk, DNS or an
// operator can cause is never asserted: that is a Result.
#pragma once

namespace ringpost {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace ringpost

#define RINGPOST_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::ringpost::assertion_failed(#expression, __FILE__, __LINE__))
