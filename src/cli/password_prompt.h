// A password from whoever runs the command: typed on the terminal without being shown, or the first line of standard
// input. Errors: refused (no terminal, the two did not match), invalid (empty, too long).
#pragma once

#include <string>

#include "base/result.h"

namespace ringpost::cli {

enum class PasswordSource : std::uint8_t { terminal_once, terminal_twice, standard_input };

Result<std::string> ask_password(PasswordSource source, const std::string& login);

}  // namespace ringpost::cli
