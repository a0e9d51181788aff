// When a session of the generator or the sink is encrypted.
#pragma once

#include <cstdint>

namespace ringpost::bench {

enum class Encryption : std::uint8_t { none, starttls, implicit };

}  // namespace ringpost::bench
