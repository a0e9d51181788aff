// The right to a data directory: an flock(2) on DATA_DIR/lock, which ends with the process however it ends. The file
// says who holds it, for whoever is refused.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file_descriptor.h"

namespace ringpost::queue {

class DirectoryLock {
 public:
  /// Creates the directory (0700) where it is missing. Errors: refused ("held by pid 4711 on host mx1"), io.
  static Result<DirectoryLock> take(const std::string& directory);

 private:
  explicit DirectoryLock(io::FileDescriptor file) noexcept : file_(std::move(file)) {}
  io::FileDescriptor file_;
};

/// A directory only its owner may look into, created if missing.
Result<void> make_private_directory(const std::string& path);

}  // namespace ringpost::queue
