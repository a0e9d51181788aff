#include "app/data_dir.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace ringpost::app {

namespace fs = std::filesystem;

namespace {

std::string name_of(uid_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry == nullptr ? "uid " + std::to_string(id) : std::string(entry->pw_name);
}

// `remedy` is the directory to give away as a whole.
Result<void> may_use(const fs::path& path, const std::string& remedy) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, "look at " + path.string());
  const int wanted = S_ISDIR(status.st_mode) ? R_OK | W_OK | X_OK : R_OK | W_OK;
  if (::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) == 0) return {};
  if (errno == EROFS) return fail(ErrorKind::refused, path.string() + " is on a file system that is mounted read-only");
  if (errno != EACCES && errno != EPERM) return fail_errno(errno, "look at " + path.string());
  const std::string we = name_of(::geteuid());
  return fail(ErrorKind::refused, path.string() + " belongs to " + name_of(status.st_uid) +
                                      " and may not be written by " + we + ", who the server runs as: chown -R " + we +
                                      " " + remedy);
}

Result<void> may_use_all_in(const fs::path& directory, const std::string& remedy) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const auto usable = may_use(entry->path(), remedy);
    if (!usable) return usable;
  }
  if (error) return fail_errno(error.value(), "list " + directory.string());
  return {};
}

// The nearest one above that is there decides.
Result<void> may_be_made(const fs::path& data_dir) {
  std::error_code error;
  fs::path above = data_dir.parent_path();
  while (!fs::exists(above, error) && above.has_relative_path()) above = above.parent_path();
  auto usable = may_use(above, data_dir.string());
  if (usable) return {};
  if (usable.error().kind == ErrorKind::refused)
    usable.error().reason = "data directory " + data_dir.string() + " is missing and cannot be made: " +
                            (::access(above.c_str(), W_OK) != 0 && errno == EROFS
                                 ? above.string() + " is on a file system that is mounted read-only"
                                 : "make it, and give it to " + name_of(::geteuid()));
  return usable;
}

}  // namespace

Result<void> check_data_dir(const std::string& data_dir) {
  const fs::path path(data_dir);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return may_be_made(path);
    if (errno == ENOTDIR)
      return fail(ErrorKind::invalid, "data_dir " + data_dir + ": something above it is no directory");
    return fail_errno(errno, "look at data directory " + data_dir);
  }
  if (!S_ISDIR(status.st_mode)) return fail(ErrorKind::invalid, "data_dir " + data_dir + " is no directory");
  auto usable = may_use(path, data_dir);
  if (!usable) return usable;
  for (const char* part : {"db", "spool"}) {
    std::error_code error;
    if (!fs::exists(path / part, error)) continue;
    usable = may_use(path / part, data_dir);
    if (usable) usable = may_use_all_in(path / part, data_dir);
    if (!usable) return usable;
  }
  return {};
}

}  // namespace ringpost::app
