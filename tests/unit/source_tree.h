// Where the sources of this test program lie, for tests that compare the tree with the program. Taken from the
// CMakeCache.txt beside the program, so that neither the working directory nor a compiler cache matters.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ringpost::test {

inline std::filesystem::path source_tree() {
  std::ifstream cache(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "CMakeCache.txt");
  const std::string key = "CMAKE_HOME_DIRECTORY:INTERNAL=";
  for (std::string line; std::getline(cache, line);)
    if (line.starts_with(key)) return line.substr(key.size());
  return std::filesystem::current_path();
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The content of `path` below the source tree; with RINGPOST_UPDATE_DOCS=1 in the environment it is `wanted` from now
/// on.
inline std::string documented(const std::string& path, const std::string& wanted) {
  const auto file = source_tree() / path;
  if (std::getenv("RINGPOST_UPDATE_DOCS") != nullptr) std::ofstream(file, std::ios::binary) << wanted;
  return read_file(file);
}

}  // namespace ringpost::test
