#include "relay/maildir_delivery.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "relay/fake_work.h"
#include "support/run_on_reactor.h"
#include "support/temporary_directory.h"

namespace ringpost::relay {
namespace {

namespace fs = std::filesystem;
using io::Reactor;
using io::Task;
using mail::Action;
using testing::SizeIs;

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

/// Runs `story(maildir, base)`, a coroutine function; there is nothing at `base` yet.
template <class Story>
void with_maildirs(Story story) {
  const test::TemporaryDirectory directory;
  const fs::path base = fs::path(directory.path()) / "mail";
  test::run_on_reactor(
      [](Reactor&, const fs::path& where, Story& told) -> Task<> {
        io::OffloadPool helpers(2, 16);
        MaildirDelivery maildir(helpers, "mx/1:example");
        co_await told(maildir, where);
      },
      base, story);
}

TEST(MaildirDelivery, WritesOneFileForEachRecipientOctetByOctet) {
  with_maildirs([](MaildirDelivery& maildir, const fs::path& base) -> Task<> {
    FakeWork work({"Joe", "ann"}, "Subject: x\r\n\r\n.dots stay\r\n");
    const auto statuses = co_await maildir.deliver((base / "{domain}/{local}").string(), work);
    EXPECT_THAT(statuses, SizeIs(2));
    for (const auto& status : statuses) EXPECT_EQ(status.action, Action::delivered) << status.diagnostic;
    EXPECT_EQ(work.times_begun(), 1);
    const auto joe = files(base / "d.example/joe/new");
    EXPECT_THAT(joe, testing::ElementsAre("Return-Path: <sender@s.example>\r\nDelivered-To: Joe@d.example\r\nP: 1\r\n"
                                          "Subject: x\r\n\r\n.dots stay\r\n"));
    EXPECT_THAT(files(base / "d.example/ann/new"), SizeIs(1));
    EXPECT_THAT(files(base / "d.example/joe/tmp"), SizeIs(0));
    EXPECT_TRUE(fs::is_directory(base / "d.example/joe/cur"));
    struct stat status{};
    EXPECT_EQ(::stat((base / "d.example/joe").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
  });
}

TEST(MaildirDelivery, ALargeBodyArrivesWhole) {
  with_maildirs([](MaildirDelivery& maildir, const fs::path& base) -> Task<> {
    std::string body;
    for (int i = 0; body.size() < 1'000'000; ++i) body += "line " + std::to_string(i) + "\r\n";
    FakeWork work({"joe"}, body);
    const auto statuses = co_await maildir.deliver((base / "{local}").string(), work);
    EXPECT_EQ(statuses[0].action, Action::delivered) << statuses[0].diagnostic;
    const auto arrived = files(base / "joe/new");
    EXPECT_THAT(arrived, SizeIs(1));
    if (!arrived.empty()) {
      EXPECT_TRUE(arrived[0].ends_with("P: 1\r\n" + body));
    }
  });
}

TEST(MaildirDelivery, ALocalPartFullOfTricksStaysBelowTheBase) {
  with_maildirs([](MaildirDelivery& maildir, const fs::path& base) -> Task<> {
    FakeWork work({"../../escape", "..", "a/b", ".hidden"}, "x\r\n");
    const auto statuses = co_await maildir.deliver((base / "in/{local}").string(), work);
    for (const auto& status : statuses) EXPECT_EQ(status.action, Action::delivered) << status.diagnostic;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(base / "in")) names.push_back(entry.path().filename());
    EXPECT_THAT(names, testing::UnorderedElementsAre("%2e.%2f..%2fescape", "%2e.", "a%2fb", "%2ehidden"));
    EXPECT_FALSE(fs::exists(base / "escape"));
  });
}

TEST(MaildirDelivery, TroubleWithOneMailboxLeavesTheOthersAlone) {
  with_maildirs([](MaildirDelivery& maildir, const fs::path& base) -> Task<> {
    fs::create_directories(base);
    std::ofstream(base / "bad") << "a file where a directory should be";
    FakeWork work({"bad", "good"}, "x\r\n");
    const auto statuses = co_await maildir.deliver((base / "{local}").string(), work);
    EXPECT_THAT(statuses, SizeIs(2));
    EXPECT_EQ(statuses[0].action, Action::deferred);
    EXPECT_EQ(statuses[1].action, Action::delivered);
  });
}

TEST(MaildirDelivery, ABodyThatEndsEarlyLeavesNoFile) {
  with_maildirs([](MaildirDelivery& maildir, const fs::path& base) -> Task<> {
    FakeWork work({"joe"}, std::string(600'000, 'x') + "\r\n");
    work.lose_end_of_body();
    const auto statuses = co_await maildir.deliver((base / "{local}").string(), work);
    EXPECT_EQ(statuses[0].action, Action::deferred);
    EXPECT_THAT(files(base / "joe/new"), SizeIs(0));
    EXPECT_THAT(files(base / "joe/tmp"), SizeIs(0));
  });
}

}  // namespace
}  // namespace ringpost::relay
