// Small files (certificates, keys) read whole, and what tells that they have changed.
#pragma once

#include <string>

#include "base/result.h"

namespace ringpost::tls {

/// Errors: not_found, io, too_large (1 MiB), naming the file.
Result<std::string> read_file_text(const std::string& file);
/// Inode, size and time of change; "none" where it cannot be looked at.
std::string file_stamp(const std::string& file);

}  // namespace ringpost::tls
