#include "relay/maildir_delivery.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "relay/fake_work.h"
#include "support/run_on_reactor.h"

namespace ringpost::relay {
namespace {

namespace fs = std::filesystem;
using io::Reactor;
using io::Task;
using mail::Action;
using testing::SizeIs;

struct Base {
  fs::path path = fs::path(::testing::TempDir()) / ("ringpost-maildir-" + std::to_string(::getpid()));
  Base() { fs::remove_all(path); }
  ~Base() { fs::remove_all(path); }
};

std::vector<std::string> files(const fs::path& directory) {
  std::vector<std::string> contents;
  if (!fs::exists(directory)) return contents;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    contents.push_back(all.str());
  }
  return contents;
}

TEST(MaildirDelivery, WritesOneFileForEachRecipientOctetByOctet) {
  Base base;
  test::run_on_reactor(
      [](Reactor&, Base& where) -> Task<> {
        io::OffloadPool helpers(2, 16);
        MaildirDelivery maildir(helpers, "mx/1:example");
        FakeWork work({"Joe", "ann"}, "Subject: x\r\n\r\n.dots stay\r\n");
        const auto statuses = co_await maildir.deliver((where.path / "{domain}/{local}").string(), work);
        EXPECT_THAT(statuses, SizeIs(2));
        for (const auto& status : statuses) EXPECT_EQ(status.action, Action::delivered) << status.diagnostic;
        EXPECT_EQ(work.times_begun(), 1);
        const auto joe = files(where.path / "d.example/joe/new");
        EXPECT_THAT(joe,
                    testing::ElementsAre("Return-Path: <sender@s.example>\r\nDelivered-To: Joe@d.example\r\nP: 1\r\n"
                                         "Subject: x\r\n\r\n.dots stay\r\n"));
        EXPECT_THAT(files(where.path / "d.example/ann/new"), SizeIs(1));
        EXPECT_THAT(files(where.path / "d.example/joe/tmp"), SizeIs(0));
        EXPECT_TRUE(fs::is_directory(where.path / "d.example/joe/cur"));
        struct stat status{};
        EXPECT_EQ(::stat((where.path / "d.example/joe").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700U);
      },
      base);
}

TEST(MaildirDelivery, ALargeBodyArrivesWhole) {
  Base base;
  test::run_on_reactor(
      [](Reactor&, Base& where) -> Task<> {
        io::OffloadPool helpers(1, 16);
        MaildirDelivery maildir(helpers, "mx");
        std::string body;
        for (int i = 0; body.size() < 1'000'000; ++i) body += "line " + std::to_string(i) + "\r\n";
        FakeWork work({"joe"}, body);
        const auto statuses = co_await maildir.deliver((where.path / "{local}").string(), work);
        EXPECT_EQ(statuses[0].action, Action::delivered) << statuses[0].diagnostic;
        const auto arrived = files(where.path / "joe/new");
        EXPECT_THAT(arrived, SizeIs(1));
        if (!arrived.empty()) {
          EXPECT_TRUE(arrived[0].ends_with("P: 1\r\n" + body));
        }
      },
      base);
}

TEST(MaildirDelivery, ALocalPartFullOfTricksStaysBelowTheBase) {
  Base base;
  test::run_on_reactor(
      [](Reactor&, Base& where) -> Task<> {
        io::OffloadPool helpers(1, 16);
        MaildirDelivery maildir(helpers, "mx");
        FakeWork work({"../../escape", "..", "a/b", ".hidden"}, "x\r\n");
        const auto statuses = co_await maildir.deliver((where.path / "in/{local}").string(), work);
        for (const auto& status : statuses) EXPECT_EQ(status.action, Action::delivered) << status.diagnostic;
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(where.path / "in")) names.push_back(entry.path().filename());
        EXPECT_THAT(names, testing::UnorderedElementsAre("%2e.%2f..%2fescape", "%2e.", "a%2fb", "%2ehidden"));
        EXPECT_FALSE(fs::exists(where.path / "escape"));
      },
      base);
}

TEST(MaildirDelivery, TroubleWithOneMailboxLeavesTheOthersAlone) {
  Base base;
  test::run_on_reactor(
      [](Reactor&, Base& where) -> Task<> {
        fs::create_directories(where.path);
        std::ofstream(where.path / "bad") << "a file where a directory should be";
        io::OffloadPool helpers(1, 16);
        MaildirDelivery maildir(helpers, "mx");
        FakeWork work({"bad", "good"}, "x\r\n");
        const auto statuses = co_await maildir.deliver((where.path / "{local}").string(), work);
        EXPECT_THAT(statuses, SizeIs(2));
        EXPECT_EQ(statuses[0].action, Action::deferred);
        EXPECT_EQ(statuses[1].action, Action::delivered);
      },
      base);
}

TEST(MaildirDelivery, ABodyThatEndsEarlyLeavesNoFile) {
  Base base;
  test::run_on_reactor(
      [](Reactor&, Base& where) -> Task<> {
        io::OffloadPool helpers(1, 16);
        MaildirDelivery maildir(helpers, "mx");
        FakeWork work({"joe"}, std::string(600'000, 'x') + "\r\n");
        work.lose_end_of_body();
        const auto statuses = co_await maildir.deliver((where.path / "{local}").string(), work);
        EXPECT_EQ(statuses[0].action, Action::deferred);
        EXPECT_THAT(files(where.path / "joe/new"), SizeIs(0));
        EXPECT_THAT(files(where.path / "joe/tmp"), SizeIs(0));
      },
      base);
}

}  // namespace
}  // namespace ringpost::relay
