#include "io/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "io/file.h"

namespace ringpost::io {

namespace {

Result<void> write_all(int fd, const std::string& octets, const std::string& path) {
  for (std::size_t done = 0; done < octets.size();) {
    const auto n = ::write(fd, octets.data() + done, octets.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "write " + path);
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(fd) != 0) return fail_errno(errno, "sync " + path);
  return {};
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t octets_max) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return fail(ErrorKind::not_found, file.error().reason);
  std::string octets(octets_max + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    const auto n = ::read(file->get(), octets.data() + size, octets.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorKind::not_found, Error::from_errno(errno, "read " + path).reason);
    size += static_cast<std::size_t>(n);
    if (size > octets_max) return fail(ErrorKind::too_large, path + " is too large");
    if (n == 0) break;
  }
  octets.resize(size);
  return octets;
}

Result<void> replace_file(const std::string& path, const std::string& octets) {
  struct stat status{};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (!is_there && errno != ENOENT) return fail_errno(errno, "stat " + path);
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return fail_errno(errno, "create beside " + path);
  Result<void> done = write_all(file.get(), octets, path);
  if (done && is_there && ::fchmod(file.get(), status.st_mode & 07777) != 0)
    done = fail_errno(errno, "permissions of " + path);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = fail_errno(errno, "replace " + path);
  if (!done) ::unlink(temporary.c_str());
  return done;
}

}  // namespace ringpost::io
