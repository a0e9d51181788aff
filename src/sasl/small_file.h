// Files of keys and tokens, read and replaced as a whole. Blocking: on helper threads only.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace ringpost::sasl {

/// Errors: not_found (missing or unreadable, with the path), too_large.
Result<std::string> read_small_file(const std::string& path, std::size_t octets_max);
/// Replaces the file as a whole, with the same permissions: a reader sees the old or the new one. Errors: io.
Result<void> replace_file(const std::string& path, const std::string& octets);

}  // namespace ringpost::sasl
