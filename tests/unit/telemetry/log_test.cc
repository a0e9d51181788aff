#include "telemetry/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "source_tree.h"

namespace ringpost::telemetry {
namespace {

class Log : public testing::Test {
 protected:
  void start(LogOptions options = {}) { start_log(options, "mx1.example.com", file_); }
  ~Log() override {
    stop_log();
    ::close(file_);
  }
  std::vector<std::string> lines() {
    EXPECT_TRUE(flush_log());
    std::string all(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(file_, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
    std::vector<std::string> out;
    for (std::size_t at = 0; at < all.size();) {
      const auto end = all.find('\n', at);
      out.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
  int file_ = ::memfd_create("log", 0);
};

TEST_F(Log, CarriesEveryKindOfField) {
  start();
  const auto id = MessageId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  Event(EventKind::deliver)
      .session(0xabcU)
      .message(*id)
      .field("to", std::string("b@example.net"))
      .field("size", std::size_t{123})
      .field("attempt", -1)
      .field("verified", true)
      .field("delay", std::chrono::milliseconds(-1250))
      .status({250, {2, 0, 0}})
      .error(Error::from_errno(ENOSPC, "write"))
      .emit();
  const auto all = lines();
  ASSERT_EQ(all.size(), 1U);
  const auto from_session = all[0].substr(all[0].find("\"session\""));
  EXPECT_TRUE(from_session.starts_with(
      R"("session":"0000000000000abc","message":"01ARZ3NDEKTSV4RRFFQ69G5FAV","to":"b@example.net","size":123,)"
      R"("attempt":-1,"verified":true,"delay":-1.250,"code":250,"enhanced":"2.0.0","reason":")"))
      << from_session;
  EXPECT_TRUE(from_session.ends_with(R"("errno":"ENOSPC"})")) << from_session;
}

TEST_F(Log, BelowTheLevelNothingIsWrittenAndTheLevelChangesLive) {
  start({.level = LogLevel::warning});
  Event(EventKind::accept).emit();
  Event(EventKind::warning).field("reason", "one").emit();
  set_log_level(LogLevel::debug);
  Event(EventKind::debug).field("reason", "two").emit();
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[0].find("\"one\""), std::string::npos);
  EXPECT_NE(all[1].find("\"two\""), std::string::npos);
}

TEST_F(Log, WithoutEmitNothingIsWritten) {
  start();
  {
    Event event(EventKind::accept);
    event.field("size", 1);
  }
  EXPECT_TRUE(lines().empty());
}

TEST_F(Log, AnEventInsideAnEventDoesNotMixTheirLines) {
  start();
  const auto inner = [] {
    Event(EventKind::warning).field("reason", "inner").emit();
    return std::string("outer");
  };
  Event(EventKind::error).field("path", "p").field("reason", inner()).emit();
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].ends_with(R"("reason":"inner"})"));
  EXPECT_TRUE(all[1].ends_with(R"("path":"p","reason":"outer"})"));
}

TEST_F(Log, LinesOfManyThreadsArriveWholeAndInTheOrderOfTheirThread) {
  start();
  constexpr int threads = 4, each = 5000;
  std::vector<std::jthread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([t] {
      for (int i = 0; i < each; ++i) {
        Event(EventKind::accept).field("worker", t).field("count", i).emit();
        if (i % 300 == 0) flush_log();  // stay within the ring, wrap it many times
      }
    });
  running.clear();
  std::vector<int> next(threads, 0);
  for (const std::string& line : lines()) {
    int worker = -1, count = -1;
    ASSERT_EQ(std::sscanf(line.c_str() + line.find("\"worker\""), "\"worker\":%d,\"count\":%d}", &worker, &count), 2)
        << line;
    ASSERT_EQ(count, next[static_cast<std::size_t>(worker)]++);
  }
  EXPECT_EQ(next, std::vector<int>(threads, each));
}

TEST(LogToAPipe, ASlowReaderLosesCountedLinesAndNeverStopsTheWriter) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::uint64_t lost_before = log_lines_lost();
  start_log({}, "n", ends[1]);
  constexpr std::uint64_t emitted = 20'000;
  std::jthread([] {
    for (std::uint64_t i = 0; i < emitted; ++i) Event(EventKind::accept).field("count", i).emit();
  }).join();  // would hang here if emit() waited for the pipe
  const std::uint64_t lost = log_lines_lost() - lost_before;
  EXPECT_GT(lost, 0U);
  EXPECT_FALSE(flush_log(std::chrono::milliseconds(20)));

  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::string all;
  std::jthread reader([&](const std::stop_token& stop) {
    std::array<char, 65536> part;
    for (bool last = false;;) {
      const ssize_t n = ::read(ends[0], part.data(), part.size());
      if (n > 0) all.append(part.data(), static_cast<std::size_t>(n));
      if (n <= 0 && last) return;
      last = stop.stop_requested();
    }
  });
  stop_log();
  reader.request_stop();
  reader.join();
  const auto accepted = static_cast<std::uint64_t>(std::ranges::count(all, '\n')) - 1;
  EXPECT_EQ(accepted + lost, emitted);
  EXPECT_NE(all.find("\"lost\":" + std::to_string(lost) + "}"), std::string::npos);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LogToAPipe, AReaderThatLeftIsNoReasonToDie) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const std::uint64_t lost_before = log_lines_lost();
  start_log({}, "n", ends[1]);
  Event(EventKind::accept).emit();
  EXPECT_TRUE(flush_log());
  stop_log();
  EXPECT_GE(log_lines_lost() - lost_before, 1U);
  ::close(ends[1]);
}

TEST(LogToAPipe, StoppingDoesNotWaitForAReaderThatSleeps) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  start_log({}, "n", ends[1]);
  std::jthread([] {
    for (int i = 0; i < 2000; ++i) Event(EventKind::accept).field("count", i).emit();
  }).join();
  const auto before = monotonic_now();
  stop_log();
  EXPECT_LT(monotonic_now() - before, std::chrono::seconds(3));
  ::close(ends[0]);  // lets the abandoned thread go; the other end is left to it
}

TEST(LogBeforeStart, IsSilentAndHarmless) {
  EXPECT_FALSE(log_enabled(EventKind::error));
  Event(EventKind::error).field("reason", "nobody hears").emit();
  EXPECT_TRUE(flush_log());
}

TEST(Events, FieldNamesAreUniqueAndTheTableFollowsTheEnum) {
  std::set<std::string_view> names;
  for (const FieldInfo& field : fields) EXPECT_TRUE(names.insert(field.name).second) << field.name;
  EXPECT_EQ(info(EventKind::connect).name, "connect");
  EXPECT_EQ(info(EventKind::disconnect).name, "disconnect");
  EXPECT_EQ(info(EventKind::stop).name, "stop");
  EXPECT_EQ(info(EventKind::error).name, "error");
}

TEST(Events, AreDocumented) {
  EXPECT_EQ(test::documented("docs/log.md", describe_events()), describe_events());
}

}  // namespace
}  // namespace ringpost::telemetry
