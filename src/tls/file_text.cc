#include "tls/file_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/file_descriptor.h"

namespace ringpost::tls {

namespace {
constexpr std::size_t file_octets_max = 1 << 20;
}

Result<std::string> read_file_text(const std::string& file) {
  const io::FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) {
    if (errno == ENOENT) return fail(ErrorKind::not_found, file + ": there is no such file");
    return fail_errno(errno, file);
  }
  std::string text;
  for (;;) {
    char piece[16'384];
    const ssize_t count = ::read(descriptor.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, file);
    if (count == 0) return text;
    text.append(piece, static_cast<std::size_t>(count));
    if (text.size() > file_octets_max) return fail(ErrorKind::too_large, file + ": more than 1 MiB");
  }
}

std::string file_stamp(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return "none";
  return std::to_string(status.st_dev) + "/" + std::to_string(status.st_ino) + "/" + std::to_string(status.st_size) +
         "/" + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace ringpost::tls
