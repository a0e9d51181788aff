// Comparing and forgetting secrets. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace ringpost::crypto {

/// How long it takes tells nothing about where the two differ (it may tell that their lengths do).
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// Overwrites the octets, which the compiler may not leave out, and empties the string.
void wipe(std::string& secret) noexcept;

}  // namespace ringpost::crypto
