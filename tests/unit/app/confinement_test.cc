// The whole confinement, as the server enters it, in a child that then tries what an intruder would.
#include "app/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/process.h"
#include "io/reactor.h"
#include "sandbox/sanitizer.h"
#include "sandbox/system_calls.h"
#include "support/in_child.h"
#include "support/temporary_directory.h"

namespace ringpost::app {
namespace {

class Confined : public testing::Test {
 protected:
  void SetUp() override {
    if (sandbox::landlock_version() == 0 || !sandbox::can_filter_system_calls())
      GTEST_SKIP() << "this kernel has no Landlock or no seccomp";
    std::filesystem::create_directory(root_ + "/secrets");
    std::ofstream(root_ + "/secrets/of-others") << "octets";
    std::filesystem::create_directory(root_ + "/config");
    std::ofstream(root_ + "/config/ringpost.toml") << "octets";
    configuration_.data_dir = root_ + "/data";
    configuration_.relay_access.domains.push_back(
        {.name = "a.example", .deliver = "maildir:" + root_ + "/mail/{local}"});
  }

  Result<Confinement> enter() const {
    auto capabilities = drop_privileges("", configuration_.data_dir);
    if (!capabilities) return propagate(capabilities);
    return Confinement::enter(configuration_, root_ + "/config/ringpost.toml", *capabilities);
  }
  int open(const std::string& path, int flags) const {
    const int fd = ::open((root_ + path).c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    ::close(fd);
    return 0;
  }

  const test::TemporaryDirectory directory_;
  const std::string root_ = directory_.path();
  config::Configuration configuration_;
};

TEST_F(Confined, TheServerDoesItsWorkAndAnIntruderNothing) {
  EXPECT_EQ(test::in_child([this] {
              if (!enter()) return 1;
              if (open("/data/file", O_WRONLY | O_CREAT) != 0) return 2;
              if (open("/mail/file", O_WRONLY | O_CREAT) != 0) return 3;
              if (open("/config/ringpost.toml", O_RDONLY) != 0) return 4;
              if (open("/config/ringpost.toml", O_RDWR) != EACCES) return 5;
              if (open("/secrets/of-others", O_RDONLY) != EACCES) return 6;
              if (open("/elsewhere", O_WRONLY | O_CREAT) != EACCES) return 7;
              if (::open("/etc/hosts", O_RDWR | O_CLOEXEC) >= 0) return 8;
              return ::open("/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 ? 9 : 0;
            }),
            "0");
}

TEST_F(Confined, SaysWhatIsInForce) {
  EXPECT_EQ(test::in_child([this] {
              const auto entered = enter();
              if (!entered) return 1;
              const std::string text = entered->text();
              for (const char* word : {"no_new_privs", "capabilities(", "landlock(abi ", "seccomp"})
                if (text.find(word) == std::string::npos) return 2;
              return 0;
            }),
            "0");
}

TEST_F(Confined, AnotherProgramEndsTheProcess) {
  if (sandbox::sanitized) GTEST_SKIP() << "the sanitizer starts its symbolizer";
  EXPECT_EQ(test::in_child([this] {
              if (!enter()) return 1;
              return ::execl("/bin/true", "true", nullptr);
            }),
            "signal " + std::to_string(SIGSYS));
}

TEST_F(Confined, RingsAreMadeUntilItIsSealed) {
  EXPECT_EQ(
      test::in_child([this] {
        const auto entered = enter();
        if (!entered) return 1;
        const io::Options small{
            .submission_entries = 8, .completion_entries = 16, .receive_buffers = 2, .receive_buffer_octets = 4096};
        if (!io::Reactor::create(small)) return 2;
        entered->seal();
        const auto late = io::Reactor::create(small);
        return late ? 3 : late.error().kind == ErrorKind::refused ? 0 : 4;
      }),
      "0");
}

TEST_F(Confined, AReloadMayStayWithinWhatWasGranted) {
  EXPECT_EQ(test::in_child([this] {
              const auto entered = enter();
              if (!entered) return 1;
              config::Configuration next = configuration_;
              next.relay_access.domains[0].deliver = "maildir:" + root_ + "/mail/more/{local}";
              if (!entered->covers(next)) return 2;
              next.relay_access.domains[0].deliver = "maildir:" + root_ + "/secrets/{local}";
              if (entered->covers(next)) return 3;
              next = configuration_;
              next.security.mode = sandbox::Mode::off;
              return entered->covers(next) ? 4 : 0;
            }),
            "0");
}

TEST_F(Confined, WhatWasMissingAtTheStartIsNotGrantedByItsName) {
  configuration_.security.read_paths = {root_ + "/later"};
  EXPECT_EQ(test::in_child([this] {
              const auto entered = enter();
              if (!entered) return 1;
              if (!entered->covers(configuration_)) return 2;  // it runs with this one
              config::Configuration next = configuration_;
              next.security.read_paths = {root_ + "/later/more"};
              return entered->covers(next) ? 3 : 0;
            }),
            "0");
}

TEST_F(Confined, SwitchedOffNothingIsRefused) {
  configuration_.security.mode = sandbox::Mode::off;
  EXPECT_EQ(test::in_child([this] {
              const auto entered = enter();
              if (!entered || entered->text().find("seccomp") != std::string::npos) return 1;
              if (open("/secrets/of-others", O_RDONLY) != 0) return 2;
              config::Configuration next = configuration_;
              next.data_dir = "/anywhere";
              if (!entered->covers(next)) return 3;
              return ::execl("/bin/true", "true", nullptr);
            }),
            "0");
}

TEST_F(Confined, OnlyLoggedNothingIsRefused) {
  configuration_.security.mode = sandbox::Mode::log;
  EXPECT_EQ(test::in_child([this] {
              const auto entered = enter();
              if (!entered || entered->text().find("seccomp(log)") == std::string::npos) return 1;
              if (open("/secrets/of-others", O_RDONLY) != 0) return 2;
              return ::execl("/bin/true", "true", nullptr);
            }),
            "0");
}

TEST(DropPrivileges, RootBecomesSomebodyWhoOnlyOpensLowPorts) {
  if (::geteuid() != 0) GTEST_SKIP() << "not started as root";
  EXPECT_EQ(test::in_child([] {
              const auto left = drop_privileges("nobody", "/");
              if (!left) return 1;
              if (*left != "cap_net_bind_service") return 2;
              return ::geteuid() == 0 || ::setuid(0) == 0 ? 3 : 0;
            }),
            "0");
}

TEST(DropPrivileges, WhoStaysRootKeepsItsWayIntoDirectoriesOfOthers) {
  if (::geteuid() != 0) GTEST_SKIP() << "not started as root";
  EXPECT_EQ(test::in_child([] {
              const auto left = drop_privileges("", "/");
              return left && *left == "cap_dac_override,cap_net_bind_service" ? 0 : 1;
            }),
            "0");
}

}  // namespace
}  // namespace ringpost::app
