// JSON of a stranger: what has two meanings or no end is refused. A name that stands twice in an object (RFC 7515 4,
// RFC 7519 4), nesting, or more values than any honest token has, end the reading before anything is built.
//
// Standards: RFC 8259, 7493 2.3 (no duplicate names).
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace ringpost::sasl {

inline constexpr std::size_t json_depth_max = 8;
inline constexpr std::size_t json_values_max = 4096;

/// An object; nullopt: anything else.
std::optional<nlohmann::json> parse_strict_object(std::string_view text);

}  // namespace ringpost::sasl
