// Names and passwords as SASL compares them. Any thread.
//
// Standards: RFC 4013 (SASLprep, for queries: unassigned code points may stand in them).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

/// nullopt: no UTF-8, a NUL or another forbidden character in it, or nothing left of it. Never an empty string.
std::optional<std::string> saslprep(std::string_view text);

}  // namespace ringpost::sasl
