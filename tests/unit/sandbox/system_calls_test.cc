#include "sandbox/system_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "sandbox/sanitizer.h"
#include "support/in_child.h"

namespace ringpost::sandbox {
namespace {

class SystemCalls : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_filter_system_calls()) GTEST_SKIP() << "this kernel cannot filter system calls";
  }
};

/// How a child ends that is filtered and then does this; its errno where the call fails.
template <class Call>
std::string filtered(Call call, Mode mode = Mode::enforce) {
  return test::in_child([&call, mode] {
    if (!filter_system_calls(mode)) return 255;
    errno = 0;
    return call() >= 0 ? 0 : errno;
  });
}

const std::string refused = std::to_string(ENOSYS);
const std::string killed = "signal " + std::to_string(SIGSYS);

TEST_F(SystemCalls, WhatAServerDoesIsDone) {
  EXPECT_EQ(filtered([] {
              const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
              if (fd < 0 || ::write(fd, "x", 1) != 1) return -1;
              int pair[2];
              if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return -1;
              for (const int family : {AF_UNIX, AF_INET, AF_INET6})
                if (::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 && errno != EAFNOSUPPORT) return -1;
              addrinfo* found = nullptr;
              if (::getaddrinfo("127.0.0.1", "25", nullptr, &found) != 0) return -1;
              ::freeaddrinfo(found);
              std::atomic<int> ran{0};
              std::thread([&ran] { ran = 1; }).join();
              return ran == 1 ? 0 : -1;
            }),
            "0");
}

TEST_F(SystemCalls, AnotherProgramEndsTheProcess) {
  if (sanitized) GTEST_SKIP() << "the sanitizer starts its symbolizer";
  EXPECT_EQ(filtered([] { return ::execl("/bin/true", "true", nullptr); }), killed);
}

TEST_F(SystemCalls, AnotherUserEndsTheProcess) {
  EXPECT_EQ(filtered([] { return static_cast<int>(::syscall(SYS_setuid, 0)); }), killed);
}

TEST_F(SystemCalls, LookingIntoAnotherProcessEndsTheProcess) {
  if (sanitized) GTEST_SKIP() << "the sanitizer stops its own threads";
  EXPECT_EQ(filtered([] { return static_cast<int>(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr)); }), killed);
}

TEST_F(SystemCalls, AMountEndsTheProcess) {
  EXPECT_EQ(filtered([] { return ::mount("none", "/", "tmpfs", 0, nullptr); }), killed);
}

TEST_F(SystemCalls, AFilterOfTheKernelEndsTheProcess) {
  EXPECT_EQ(filtered([] { return static_cast<int>(::syscall(SYS_bpf, 0, nullptr, 0)); }), killed);
}

TEST_F(SystemCalls, WhatNobodyThoughtOfIsNotThere) {
  EXPECT_EQ(filtered([] { return static_cast<int>(::syscall(SYS_memfd_create, "x", 0)); }), refused);
  EXPECT_EQ(filtered([] { return static_cast<int>(::syscall(1'000'000)); }), refused);
}

TEST_F(SystemCalls, ThereAreNoProcessesButThreads) {
  if (sanitized) GTEST_SKIP() << "the sanitizer makes a process";
  EXPECT_EQ(filtered([] {
              const int child = ::fork();
              if (child == 0) ::_exit(0);
              return child;
            }),
            refused);
}

TEST_F(SystemCalls, SocketsAreOfFamiliesThatMailTakes) {
  if (sanitized) GTEST_SKIP() << "the sanitizer's list does not look at arguments";
  EXPECT_EQ(filtered([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), refused);
  EXPECT_EQ(filtered([] { return ::socket(AF_ALG, SOCK_SEQPACKET, 0); }), refused);
}

TEST_F(SystemCalls, MemoryIsWrittenOrExecuted) {
  if (sanitized) GTEST_SKIP() << "the sanitizer's list does not look at arguments";
  const auto map = [](int protection) {
    return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
  };
  EXPECT_EQ(filtered([map] { return map(PROT_READ | PROT_WRITE); }), "0");
  EXPECT_EQ(filtered([map] { return map(PROT_READ | PROT_EXEC); }), refused);
  EXPECT_EQ(filtered([map] { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }), refused);
  EXPECT_EQ(filtered([] {
              void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
            }),
            refused);
}

TEST_F(SystemCalls, SignalsAndLimitsAreOurOwn) {
  if (sanitized) GTEST_SKIP() << "the sanitizer's list does not look at arguments";
  EXPECT_EQ(filtered([] { return ::kill(::getpid(), 0); }), "0");
  EXPECT_EQ(filtered([] { return ::kill(::getppid(), 0); }), refused);
  rlimit limit{};
  EXPECT_EQ(filtered([&limit] { return ::prlimit(0, RLIMIT_NOFILE, nullptr, &limit); }), "0");
  EXPECT_EQ(filtered([&limit] { return ::prlimit(::getppid(), RLIMIT_NOFILE, nullptr, &limit); }), refused);
}

TEST_F(SystemCalls, ThatAreOnlyLoggedAreDone) {
  EXPECT_EQ(filtered([] { return static_cast<int>(::syscall(SYS_memfd_create, "x", 0)); }, Mode::log), "0");
  EXPECT_EQ(filtered([] { return ::execl("/bin/true", "true", nullptr); }, Mode::log), "0");
}

TEST_F(SystemCalls, NobodyMakesAnotherRingAfterTheLast) {
  EXPECT_EQ(test::in_child([] {
              if (!filter_system_calls(Mode::enforce)) return 1;
              const auto set_up = [] {
                errno = 0;
                ::syscall(SYS_io_uring_setup, 1, nullptr);  // EFAULT, where it is let through
                return errno;
              };
              if (set_up() != EFAULT) return 2;
              std::atomic<int> step{0};
              std::atomic<int> in_thread{0};
              std::thread before([&] {
                step = 1;
                while (step != 2) std::this_thread::yield();
                in_thread = set_up();
              });
              while (step != 1) std::this_thread::yield();
              if (!forbid_new_rings(Mode::enforce)) return 3;
              step = 2;
              before.join();
              if (in_thread != EPERM) return 4;
              return set_up() == EPERM ? 0 : 5;
            }),
            "0");
}

}  // namespace
}  // namespace ringpost::sandbox
