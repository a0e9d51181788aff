// Octets that only exist in memory, under a path, for whoever wants to read a file: a password from standard input, a
// certificate in a measurement. The path is good in this process, as long as the object lives.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_descriptor.h"

namespace ringpost::bench {

class MemoryFile {
 public:
  MemoryFile() noexcept = default;
  /// Errors: io.
  static Result<MemoryFile> create(std::string_view octets);
  /// Empty: there is none.
  std::string path() const;

 private:
  explicit MemoryFile(io::FileDescriptor file) noexcept : file_(std::move(file)) {}

  io::FileDescriptor file_;
};

}  // namespace ringpost::bench
