#include "queue/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/text.h"
#include "io/file.h"

namespace ringpost::queue {
namespace {

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

}  // namespace

Result<void> make_private_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "make directory " + path);
  return {};
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  auto made = make_private_directory(directory);
  if (!made) return propagate(made);
  const std::string path = directory + "/lock";
  auto file = io::open_file(path, O_RDWR | O_CREAT, 0600);
  if (!file) return propagate(file);
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "lock " + path);
    char holder[300] = {};
    const auto octets = ::pread(file->get(), holder, sizeof holder - 1, 0);
    const std::string who =
        octets > 0 ? std::string(trim(printable(std::string(holder, static_cast<std::size_t>(octets) - 1))))
                   : "another process";
    return fail(ErrorKind::refused, "data directory " + directory + " is held by " + who);
  }
  const std::string who = "pid " + std::to_string(::getpid()) + " on host " + host_name() + "\n";
  if (::ftruncate(file->get(), 0) != 0 || ::pwrite(file->get(), who.data(), who.size(), 0) < 0)
    return fail_errno(errno, "write " + path);
  return DirectoryLock(std::move(*file));
}

}  // namespace ringpost::queue
