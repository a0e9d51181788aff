#include "sandbox/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/in_child.h"
#include "support/temporary_directory.h"

namespace ringpost::sandbox {
namespace {

/// A tree with a folder to read, one to write and one that nobody spoke of.
class Landlock : public testing::Test {
 protected:
  void SetUp() override {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    for (const char* folder : {"/read", "/write", "/write/tmp", "/write/new", "/other"})
      std::filesystem::create_directory(root_ + folder);
    for (const char* file : {"/read/file", "/write/tmp/file", "/other/file"}) std::ofstream(root_ + file) << "octets";
  }

  bool confine() const {
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           confine_paths(
               {{root_ + "/read", Access::read}, {root_ + "/write", Access::write}, {"/nowhere", Access::read}}, false)
               .has_value();
  }
  /// 0 or errno.
  int open(const char* path, int flags) const {
    const int fd = ::open((root_ + path).c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    ::close(fd);
    return 0;
  }

  const test::TemporaryDirectory directory_;
  const std::string root_ = directory_.path();
};

TEST(Covers, GoesByWholeNames) {
  const std::vector<Grant> granted{{"/var/mail", Access::write}, {"/etc", Access::read}};
  EXPECT_TRUE(covers(granted, "/var/mail", Access::write));
  EXPECT_TRUE(covers(granted, "/var/mail/example.com/ann", Access::read));
  EXPECT_FALSE(covers(granted, "/var/mailboxes", Access::read));
  EXPECT_FALSE(covers(granted, "/var", Access::read));
  EXPECT_TRUE(covers(granted, "/etc/ssl", Access::read));
  EXPECT_FALSE(covers(granted, "/etc/ssl", Access::write));
  EXPECT_TRUE(covers({{"/", Access::read}}, "/srv", Access::read));
}

TEST_F(Landlock, WhatWasNotGrantedIsRefused) {
  EXPECT_EQ(test::in_child([this] {
              if (!confine()) return 1;
              if (open("/read/file", O_RDONLY) != 0) return 2;
              if (open("/read/file", O_RDWR) != EACCES) return 3;
              if (open("/read/new", O_WRONLY | O_CREAT) != EACCES) return 4;
              if (open("/write/tmp/new", O_WRONLY | O_CREAT | O_TRUNC) != 0) return 5;
              if (open("/other/file", O_RDONLY) != EACCES) return 6;
              if (::unlink((root_ + "/other/file").c_str()) == 0 || errno != EACCES) return 7;
              if (::mkdir((root_ + "/other/new").c_str(), 0700) == 0 || errno != EACCES) return 8;
              if (open("/other", O_RDONLY | O_DIRECTORY) != EACCES) return 9;
              return 0;
            }),
            "0");
  EXPECT_TRUE(std::filesystem::exists(root_ + "/other/file"));
}

TEST_F(Landlock, AFileMovesFromOneGrantedDirectoryToAnother) {
  EXPECT_EQ(test::in_child([this] {
              if (!confine()) return 1;
              const std::string from = root_ + "/write/tmp/file";
              if (::rename(from.c_str(), (root_ + "/write/new/file").c_str()) != 0) return 2;
              return ::rename((root_ + "/write/new/file").c_str(), (root_ + "/other/stolen").c_str()) == 0 ? 3 : 0;
            }),
            "0");
}

TEST_F(Landlock, AFileThatReplacesAnotherIsRead) {
  EXPECT_EQ(test::in_child([this] {
              if (!confine()) return 1;
              const std::string renewed = root_ + "/write/renewed";
              std::ofstream(renewed) << "renewed";
              if (::rename(renewed.c_str(), (root_ + "/write/tmp/file").c_str()) != 0) return 2;
              return open("/write/tmp/file", O_RDONLY);
            }),
            "0");
}

TEST_F(Landlock, ThreadsStartedLaterAreHeldToIt) {
  EXPECT_EQ(test::in_child([this] {
              if (!confine()) return 1;
              int result = 0;
              std::thread([&] { result = open("/other/file", O_RDONLY); }).join();
              return result == EACCES ? 0 : 2;
            }),
            "0");
}

TEST_F(Landlock, OthersGetNoSignals) {
  if (landlock_version() < 6) GTEST_SKIP() << "Landlock of this kernel does not know signals";
  EXPECT_EQ(test::in_child([this] {
              if (::kill(::getppid(), 0) != 0) return 1;
              if (!confine()) return 2;
              if (::kill(::getpid(), 0) != 0) return 3;
              return ::kill(::getppid(), 0) == 0 ? 4 : 0;
            }),
            "0");
}

TEST_F(Landlock, WithoutNoNewPrivilegesItIsAnError) {
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) GTEST_SKIP() << "it is set for this test program";
  EXPECT_EQ(test::in_child([this] {
              if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;  // root may
              return confine_paths({{root_, Access::read}}, false) ? 2 : 0;
            }),
            "0");
}

}  // namespace
}  // namespace ringpost::sandbox
