#include "bench/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace ringpost::bench {

Result<MemoryFile> MemoryFile::create(std::string_view octets) {
  io::FileDescriptor file(::memfd_create("ringpost-bench", MFD_CLOEXEC));
  if (!file.valid()) return fail_errno(errno, "memfd_create");
  while (!octets.empty()) {
    const ssize_t written = ::write(file.get(), octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write to memory");
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return MemoryFile(std::move(file));
}

std::string MemoryFile::path() const {
  return file_.valid() ? "/proc/self/fd/" + std::to_string(file_.get()) : std::string();
}

}  // namespace ringpost::bench
