// Octets made smaller, as one gzip member. The only door of zlib. Any thread. Standards: RFC 1952.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::tlsrpt {

/// Errors: unavailable (no memory).
Result<std::string> gzip(std::string_view octets);

}  // namespace ringpost::tlsrpt
