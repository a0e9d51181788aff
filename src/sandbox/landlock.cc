#include "sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "sandbox/sanitizer.h"

namespace ringpost::sandbox {

namespace {

// Newer than the headers of Debian 12 (linux/landlock.h of Linux 6.12).
constexpr std::uint64_t fs_truncate = 1ULL << 14;                // version 3
constexpr std::uint64_t fs_ioctl_device = 1ULL << 15;            // version 5
constexpr std::uint64_t scope_abstract_unix_socket = 1ULL << 0;  // version 6
constexpr std::uint64_t scope_signal = 1ULL << 1;                // version 6
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // version 4
  std::uint64_t scoped = 0;              // version 6
};
constexpr std::size_t attributes_octets(int version) noexcept {
  return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

constexpr int version_needed = 2;  // REFER: a Maildir delivery renames from tmp/ to new/

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                  (sanitized ? LANDLOCK_ACCESS_FS_EXECUTE : 0);  // the symbolizer
constexpr std::uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_REFER | fs_truncate;
constexpr std::uint64_t of_files =  // a rule about a file may have no others
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | fs_truncate;

/// Everything the kernel can refuse.
constexpr std::uint64_t handled(int version) noexcept {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // version 1
  rights |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) rights |= fs_truncate;
  if (version >= 5) rights |= fs_ioctl_device;
  return rights;
}

struct Descriptor {
  explicit Descriptor(int number) noexcept : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

Result<void> add_rule(int ruleset, const Grant& grant, std::uint64_t rights) {
  const Descriptor place(::open(grant.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status{};
  if (place.fd < 0 || ::fstat(place.fd, &status) != 0) return {};  // not there, or not for us
  if (!S_ISDIR(status.st_mode)) rights &= of_files;
  const landlock_path_beneath_attr rule{.allowed_access = rights, .parent_fd = place.fd};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return fail_errno(errno, "Landlock, grant " + grant.path);
  return {};
}

}  // namespace

bool covers(const std::vector<Grant>& granted, const std::string& path, Access access) noexcept {
  return std::ranges::any_of(granted, [&](const Grant& grant) {
    const std::string_view above = grant.path == "/" ? std::string_view() : std::string_view(grant.path);
    const bool below = path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
    return below && (access == Access::read || grant.access == Access::write);
  });
}

int landlock_version() noexcept {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < version_needed ? 0 : static_cast<int>(version);
}

Result<void> confine_paths(const std::vector<Grant>& grants, bool abstract_sockets) {
  const int version = landlock_version();
  if (version == 0) return fail(ErrorKind::unavailable, "this kernel has no Landlock");
  RulesetAttributes attributes;
  attributes.handled_access_fs = handled(version);
  if (version >= 6) attributes.scoped = scope_signal | (abstract_sockets ? 0 : scope_abstract_unix_socket);
  const Descriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attributes_octets(version), 0)));
  if (ruleset.fd < 0) return fail_errno(errno, "Landlock");
  for (const Grant& grant : grants) {
    const std::uint64_t rights = (grant.access == Access::write ? writing : reading) & attributes.handled_access_fs;
    auto added = add_rule(ruleset.fd, grant, rights);
    if (!added) return added;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.fd, 0) != 0) return fail_errno(errno, "Landlock");
  return {};
}

}  // namespace ringpost::sandbox
