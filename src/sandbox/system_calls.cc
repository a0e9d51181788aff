#include "sandbox/system_calls.h"

#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sanitizer.h"
#include "sandbox/system_call_list.h"

namespace ringpost::sandbox {

namespace {

struct Release {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};

using Conditions = std::vector<scmp_arg_cmp>;

// Low 32 bits: the kernel looks at no others of an int, and libraries leave rubbish above them.
constexpr scmp_arg_cmp is(unsigned argument, std::uint64_t value) noexcept {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffff'ffffU, value & 0xffff'ffffU};
}
constexpr scmp_arg_cmp bits(unsigned argument, std::uint64_t mask, std::uint64_t value) noexcept {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : filter_(::seccomp_init(otherwise)) {}

  void add(std::uint32_t action, const char* name, const Conditions& conditions = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || !filter_) return;
    const int result = ::seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                                conditions.data());
    if (result != 0 && error_ == 0) error_ = result;
  }

  struct Loading {
    bool noted = true;         // refusals
    bool all_threads = false;  // not only the calling one
  };
  Result<void> load(Loading how) {
    if (!filter_) return fail(ErrorKind::io, "libseccomp gave no filter");
    static_cast<void>(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_LOG, how.noted ? 1 : 0));
    // A tree instead of a list, which matters where the kernel does not remember answers (before 5.11).
    static_cast<void>(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    static_cast<void>(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    if (how.all_threads && error_ == 0) error_ = ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    if (error_ == 0) error_ = ::seccomp_load(filter_.get());
    if (error_ != 0) return fail_errno(-error_, "the filter of system calls");
    return {};
  }

 private:
  std::unique_ptr<void, Release> filter_;
  int error_ = 0;  // the first, negative
};

// Of some calls only what a server asks of them.
void add_conditional_calls(Filter& filter) {
  const auto self = static_cast<std::uint64_t>(::getpid());
  const auto allow = [&filter](const char* name, const Conditions& conditions) {
    filter.add(SCMP_ACT_ALLOW, name, conditions);
  };
  // Threads, no processes.
  allow("clone", {bits(0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM)});
  // Memory is written or executed, never both; a library that is loaded late is mapped from its file.
  for (const char* map : {"mmap", "mmap2"}) {
    allow(map, {bits(2, PROT_EXEC, 0)});
    allow(map, {bits(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), bits(3, MAP_ANONYMOUS, 0)});
  }
  allow("mprotect", {bits(2, PROT_EXEC, 0)});
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) allow("socket", {is(0, family)});
  allow("kill", {is(0, self)});
  allow("tgkill", {is(0, self)});
  allow("prlimit64", {is(0, 0)});
  allow("prlimit64", {is(0, self)});
  constexpr std::uint64_t set_vma = 0x53564d41;  // PR_SET_VMA: names of anonymous memory
  for (const std::uint64_t option :
       {std::uint64_t{PR_SET_NAME}, std::uint64_t{PR_GET_NAME}, std::uint64_t{PR_GET_DUMPABLE},
        std::uint64_t{PR_CAPBSET_READ}, std::uint64_t{PR_SET_NO_NEW_PRIVS}, std::uint64_t{PR_GET_NO_NEW_PRIVS},
        std::uint64_t{PR_GET_TIMERSLACK}, std::uint64_t{PR_SET_TIMERSLACK}, set_vma})
    allow("prctl", {is(0, option)});
  constexpr std::uint64_t tcgets2 = 0x802c542a;
  for (const std::uint64_t request :
       {std::uint64_t{FIONBIO}, std::uint64_t{FIONREAD}, std::uint64_t{FIOCLEX}, std::uint64_t{TCGETS}, tcgets2,
        std::uint64_t{TIOCGWINSZ}, std::uint64_t{TIOCOUTQ}, std::uint64_t{FS_IOC_GETVERSION},
        std::uint64_t{FS_IOC_GETFLAGS}, std::uint64_t{SIOCGIFCONF}, std::uint64_t{SIOCGIFFLAGS},
        std::uint64_t{SIOCGIFADDR}, std::uint64_t{SIOCGIFNETMASK}, std::uint64_t{SIOCGIFINDEX},
        std::uint64_t{SIOCGIFNAME}, std::uint64_t{SIOCGIFMTU}})
    allow("ioctl", {is(1, request)});
}

/// clone3 hides from a filter whether it makes a thread; without it glibc uses clone, which shows it. A filter of its
/// own, so that the start of each thread is not noted as a refusal.
Result<void> refuse_clone3() {
  Filter filter(SCMP_ACT_ALLOW);
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  return filter.load({.noted = false, .all_threads = false});
}

bool sanitizer_needs(std::string_view name) noexcept {
  return sanitized && std::ranges::find(sanitizer_calls, name) != sanitizer_calls.end();
}

}  // namespace

bool can_filter_system_calls() noexcept {
  return ::seccomp_api_get() >= 3;  // SCMP_ACT_LOG, and the action that ends a process: Linux 4.14
}

Result<void> filter_system_calls(Mode mode) {
  if (mode == Mode::off) return {};
  const bool log = mode == Mode::log;
  if (!log && !sanitized) {
    auto refused = refuse_clone3();
    if (!refused) return refused;
  }
  Filter filter(log ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(ENOSYS));
  for (const char* name : plain_calls) filter.add(SCMP_ACT_ALLOW, name);
  filter.add(SCMP_ACT_ALLOW, "clone3");  // refuse_clone3
  if (sanitized) {
    for (const char* name : sanitizer_calls) filter.add(SCMP_ACT_ALLOW, name);
  } else {
    add_conditional_calls(filter);
  }
  if (!log) {
    for (const char* name : hostile_calls)
      if (!sanitizer_needs(name)) filter.add(SCMP_ACT_KILL_PROCESS, name);
  }
  return filter.load({});
}

Result<void> forbid_new_rings(Mode mode) {
  if (mode == Mode::off) return {};
  Filter filter(SCMP_ACT_ALLOW);
  filter.add(mode == Mode::log ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM), "io_uring_setup");
  return filter.load({.noted = true, .all_threads = true});
}

}  // namespace ringpost::sandbox
