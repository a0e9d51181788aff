// Landlock (landlock(7)): the process says which directories and files it will touch, and the kernel refuses all others
// from then on, for this process and for good. In force for the calling thread and all that it starts later, so it is
// called before the second thread starts. Not covered: what is open already, looking whether a file exists, and
// connecting to a socket by its path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace ringpost::sandbox {

enum class Access : std::uint8_t {
  read,   // files and directories
  write,  // the same, and everything that makes, changes, moves and removes them
};

/// `path` itself and all below it.
struct Grant {
  std::string path;  // absolute
  Access access = Access::read;
  bool operator==(const Grant&) const = default;
};

/// Whether `granted` lets us do to `path` what `access` says; by the names alone.
bool covers(const std::vector<Grant>& granted, const std::string& path, Access access) noexcept;

/// The version of the kernel's interface; 0: it has none, or one that cannot move a file from one directory to another
/// (Linux before 5.19), or it is switched off.
int landlock_version() noexcept;

/// From now on only these. What does not exist, or could not be opened anyway, is left out. `abstract_sockets`: sockets
/// of the abstract namespace that others have made may be connected to; without it not, where the version is 6 or
/// newer, as no signals can then be sent to other processes. Errors: refused (no_new_privs is not set), io.
Result<void> confine_paths(const std::vector<Grant>& grants, bool abstract_sockets);

}  // namespace ringpost::sandbox
