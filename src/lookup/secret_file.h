// A secret in a file of its own: its first line. Errors: not_found, invalid (empty, or longer than 4 KiB).
#pragma once

#include <string>

#include "base/result.h"

namespace ringpost::lookup {

Result<std::string> read_secret_file(const std::string& path);

}  // namespace ringpost::lookup
