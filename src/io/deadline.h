// A moment after which waiting makes no sense any more. Whatever can wait takes one, never defaulted.
#pragma once

#include "base/clock.h"

namespace ringpost::io {

struct Deadline {
  MonotonicTime at = MonotonicTime::max();

  static Deadline after(Duration d) noexcept { return {monotonic_now() + d}; }
  static constexpr Deadline never() noexcept { return {}; }
  bool is_never() const noexcept { return at == MonotonicTime::max(); }
  Deadline sooner(Deadline other) const noexcept { return at < other.at ? *this : other; }
};

}  // namespace ringpost::io
