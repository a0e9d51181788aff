#include "lookup/secret_file.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace ringpost::lookup {

Result<std::string> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "cannot open " + path);
  std::array<char, 4096> buffer{};
  file.read(buffer.data(), buffer.size());
  if (file.bad()) return fail(ErrorKind::io, "cannot read " + path);
  std::string secret(buffer.data(), static_cast<std::size_t>(file.gcount()));
  if (secret.size() == buffer.size()) return fail(ErrorKind::invalid, path + " is longer than a secret may be");
  secret.resize(std::min(secret.find('\n'), secret.size()));
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return fail(ErrorKind::invalid, path + " is empty");
  return secret;
}

}  // namespace ringpost::lookup
