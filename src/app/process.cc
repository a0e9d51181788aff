#include "app/process.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <vector>

#include "sandbox/capabilities.h"

namespace ringpost::app {

namespace {

Result<void> give_data_dir(const std::string& data_dir, const passwd& user) {
  struct stat status{};
  if (::stat(data_dir.c_str(), &status) == 0) return {};  // the operator's; wrong ownership shows when it is opened
  std::error_code error;                                  // where it matters, mkdir says what is wrong
  std::filesystem::create_directories(std::filesystem::path(data_dir).parent_path(), error);
  if (::mkdir(data_dir.c_str(), 0700) != 0) return fail_errno(errno, "create " + data_dir);
  if (::chown(data_dir.c_str(), user.pw_uid, user.pw_gid) != 0) return fail_errno(errno, "chown " + data_dir);
  return {};
}

}  // namespace

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Result<std::string> drop_privileges(const std::string& user, const std::string& data_dir) {
  using sandbox::Capability;
  const bool changes_user = ::geteuid() == 0 && !user.empty() && user != "root";
  if (changes_user) {
    errno = 0;
    const passwd* entry = ::getpwnam(user.c_str());
    if (entry == nullptr) {
      return fail(ErrorKind::not_found, "no such user: " + user + " (create it, or set `user` in the configuration)");
    }
    auto given = give_data_dir(data_dir, *entry);
    if (!given) return propagate(given);
    auto kept = sandbox::keep_capabilities_across_setuid();
    if (!kept) return propagate(kept);
    if (::initgroups(user.c_str(), entry->pw_gid) != 0 || ::setgid(entry->pw_gid) != 0 ||
        ::setuid(entry->pw_uid) != 0) {
      return fail_errno(errno, "become user " + user);
    }
  }
  // Whoever stays root wants to deliver into directories of others, which root can by this capability only.
  std::vector<Capability> wanted{Capability::net_bind_service};
  if (::geteuid() == 0) wanted.push_back(Capability::dac_override);
  auto left = sandbox::keep_only(wanted);
  if (!left) return left;
  if (changes_user && ::setuid(0) == 0)
    return fail(ErrorKind::refused, "privileges could be regained after becoming " + user);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  return left;
}

sigset_t handled_signals() noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

void block_signals() {
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace ringpost::app
