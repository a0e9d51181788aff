// What holds whatever the octets are: an input that breaks it ends the fuzzer, which keeps it.
#pragma once

#include <cstdlib>

namespace ringpost {

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace ringpost
