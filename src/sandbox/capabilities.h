// The parts into which Linux has cut the power of root (capabilities(7)), and how this process gets rid of them. They
// belong to a thread, so all of this is called before the second thread starts.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace ringpost::sandbox {

enum class Capability : std::uint8_t {
  net_bind_service,  // listen on ports below 1024
  dac_override,      // read and write whatever file, as root expects to
};

/// Before setuid(2): the permitted capabilities survive the change of user, until keep_only() is called.
/// Errors: refused.
Result<void> keep_capabilities_across_setuid() noexcept;

/// Drops every capability but those of `kept` which the process has: from the effective, the permitted, the inheritable
/// and the ambient set, and from the bounding set as far as that is permitted (CAP_SETPCAP). Returns those that are
/// left, as "cap_net_bind_service", with commas; empty: none. Errors: refused.
Result<std::string> keep_only(std::span<const Capability> kept);

}  // namespace ringpost::sandbox
