// Small files (keys, tokens, policies), read and replaced as a whole. Blocking: on helper threads only.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace ringpost::io {

/// Errors: not_found (missing or unreadable, with the path), too_large.
Result<std::string> read_small_file(const std::string& path, std::size_t octets_max);
/// Replaces the file as a whole, with the same permissions: a reader sees the old or the new one. Where there is none,
/// one is made that only its owner may read. Errors: io, no_space.
Result<void> replace_file(const std::string& path, const std::string& octets);

}  // namespace ringpost::io
