#include "relay/maildir_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <vector>

#include "base/clock.h"
#include "io/file.h"

namespace ringpost::relay {

namespace {

// "/" and ":" would change the meaning of a file name in a Maildir.
std::string host_part(const std::string& hostname) {
  std::string out;
  for (const char c : hostname) {
    if (c == '/') {
      out += "\\057";
    } else if (c == ':') {
      out += "\\072";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unique_name(const std::string& hostname) {
  static std::atomic<std::uint64_t> sequence{0};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::to_string(now.tv_sec) + ".M" + std::to_string(now.tv_nsec / 1000) + "P" + std::to_string(::getpid()) +
         "Q" + std::to_string(sequence.fetch_add(1, std::memory_order_relaxed)) + "." + host_part(hostname);
}

Result<void> sync_directory(const std::string& directory) {
  auto opened = io::open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!opened) return propagate(opened);
  if (::fsync(opened->get()) != 0) return fail_errno(errno, "sync " + directory);
  return {};
}

// Every missing directory of an absolute path; a new one is durable only when its parent is synced.
Result<void> make_directories(const std::string& path) {
  for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) == 0) {
      const auto parent = part.rfind('/');
      auto synced = sync_directory(parent == 0 ? "/" : part.substr(0, parent));
      if (!synced) return synced;
    } else if (errno != EEXIST) {
      // An existing directory above may answer with something else (EROFS, EACCES) and still be there.
      const int error = errno;
      struct stat status{};
      if (::stat(part.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
        return fail_errno(error, "make directory " + part);
    }
    if (slash == std::string::npos) return {};
  }
}

}  // namespace

MaildirFile::~MaildirFile() {
  if (!directory_.empty()) ::unlink((directory_ + "/tmp/" + name_).c_str());
}

Result<MaildirFile> MaildirFile::create(const std::string& directory, const std::string& hostname) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  std::string name = unique_name(hostname);
  const std::string path = directory + "/tmp/" + name;
  auto file = io::open_file(path, flags, 0600);
  if (!file && file.error().os_error == ENOENT) {
    for (const char* const part : {"/cur", "/new", "/tmp"}) {
      auto made = make_directories(directory + part);
      if (!made) return propagate(made);
    }
    file = io::open_file(path, flags, 0600);
  }
  if (!file) return propagate(file);
  MaildirFile created;
  created.file_ = std::move(*file);
  created.directory_ = directory;
  created.name_ = std::move(name);
  return created;
}

Result<void> MaildirFile::write(std::span<const iovec> octets) {
  std::vector<iovec> rest(octets.begin(), octets.end());
  for (std::size_t first = 0; first < rest.size();) {
    const auto count = static_cast<int>(std::min<std::size_t>(rest.size() - first, IOV_MAX));
    const ssize_t written = ::writev(file_.get(), rest.data() + first, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write to " + directory_);
    auto done = static_cast<std::size_t>(written);
    while (first < rest.size() && done >= rest[first].iov_len) done -= rest[first++].iov_len;
    if (done > 0) {
      rest[first].iov_base = static_cast<char*>(rest[first].iov_base) + done;
      rest[first].iov_len -= done;
    }
  }
  return {};
}

Result<void> MaildirFile::commit() {
  if (::fdatasync(file_.get()) != 0) return fail_errno(errno, "sync a file of " + directory_);
  if (::close(file_.release()) != 0) return fail_errno(errno, "close a file of " + directory_);
  const std::string to = directory_ + "/new";
  if (::rename((directory_ + "/tmp/" + name_).c_str(), (to + "/" + name_).c_str()) != 0) {
    return fail_errno(errno, "move to " + to);
  }
  directory_.clear();
  return sync_directory(to);
}

}  // namespace ringpost::relay
