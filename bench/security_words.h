// The words of `load`'s command line about TLS and AUTH: what they are, and what they mean.
#pragma once

#include <string>

#include "base/result.h"
#include "bench/load_options.h"
#include "bench/memory_file.h"

namespace CLI {
class App;
}

namespace ringpost::bench {

struct SecurityWords {
  bool starttls = false, implicit = false, resume = false;
  std::string version, ca_file, tls_name;
  std::string mechanism, user, password_file;
  bool password_from_stdin = false;
  MemoryFile password;  // of --password-stdin; lives as long as the load runs
};

/// `words` outlives the parsing.
void add_security(CLI::App& verb, SecurityWords& words);
/// Reads the password from `input_fd` where that was asked for. Errors: invalid (words that do not go together), io.
Result<void> read_security(SecurityWords& words, int input_fd, LoadOptions& options);

}  // namespace ringpost::bench
