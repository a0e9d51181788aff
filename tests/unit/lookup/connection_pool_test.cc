#include "lookup/connection_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lookup/ldap.h"
#include "lookup/postgres.h"

namespace ringpost::lookup {
namespace {

using testing::ElementsAre;

struct Fake {
  int number;
};

TEST(ConnectionPool, ReplacesABrokenConnectionOnceWithinTheQuestion) {
  int opened = 0;
  ConnectionPool<Fake> pool([&] { return std::make_unique<Fake>(++opened); }, 2, std::chrono::seconds(1));
  const auto ask = [&](int broken_up_to) {
    return pool.with([broken_up_to](Fake& fake) -> Result<int> {
      if (fake.number <= broken_up_to) return fail(ErrorKind::closed, "broken");
      return fake.number;
    });
  };
  EXPECT_EQ(ask(0).value_or(0), 1);
  EXPECT_EQ(ask(0).value_or(0), 1);
  EXPECT_EQ(ask(1).value_or(0), 2);
  EXPECT_EQ(ask(9).error().kind, ErrorKind::unavailable);  // the second is broken as well
  EXPECT_EQ(opened, 3);
  EXPECT_EQ(ask(0).value_or(0), 4);
}

TEST(ConnectionPool, ADeadServerIsNotTriedAgainForASecond) {
  int tried = 0;
  ConnectionPool<Fake> pool(
      [&]() -> Result<std::unique_ptr<Fake>> {
        ++tried;
        return fail(ErrorKind::closed, "nobody there");
      },
      2, std::chrono::seconds(1));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(pool.with([](Fake& fake) -> Result<int> { return fake.number; }).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(tried, 1);
}

TEST(ConnectionPool, IsNeverLargerThanItMayBe) {
  std::atomic<int> open = 0, most = 0;
  ConnectionPool<Fake> pool([] { return std::make_unique<Fake>(0); }, 3, std::chrono::seconds(10));
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        const auto answer = pool.with([&](Fake&) -> Result<int> {
          const int now = ++open;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          std::this_thread::sleep_for(std::chrono::microseconds(100));
          --open;
          return j % 7 == 0 ? Result<int>(fail(ErrorKind::closed, "broken")) : j;
        });
        static_cast<void>(answer);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
}

TEST(ConnectionPool, BusyForTooLongIsUnavailable) {
  ConnectionPool<Fake> pool([] { return std::make_unique<Fake>(0); }, 1, std::chrono::milliseconds(1));
  const auto answer =
      pool.with([&pool](Fake&) { return pool.with([](Fake& fake) -> Result<int> { return fake.number; }); });
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST(Ldap, RefusesWhatCanNotWork) {
  EXPECT_EQ(Ldap::create({}).error().kind, ErrorKind::invalid);
  LdapServer server;
  server.urls = {"http://x"};
  EXPECT_EQ(Ldap::create(server).error().kind, ErrorKind::invalid);
  server.urls = {"ldap://127.0.0.1"};
  server.bind_dn = "cn=ringpost";  // without a password: an anonymous bind in disguise
  EXPECT_EQ(Ldap::create(server).error().kind, ErrorKind::invalid);
}

TEST(Ldap, EscapesEverythingThatAFilterUnderstands) {
  EXPECT_EQ(escape_filter_value("a*(b)\\c"), "a\\2a\\28b\\29\\5cc");
  EXPECT_EQ(escape_filter_value(std::string_view("\0\xc3\xa9", 3)), "\\00\\c3\\a9");
  EXPECT_EQ(escape_filter_value("ann+x@example.com"), "ann+x@example.com");
}

TEST(Postgres, RefusesAStringThatIsNone) {
  PostgresServer server;
  server.conninfo = "password = secret nonsense";
  const auto database = Postgres::create(server, "SELECT $1");
  ASSERT_FALSE(database.has_value());
  EXPECT_THAT(database.error().reason, testing::Not(testing::HasSubstr("secret")));
}

TEST(Postgres, ReadsArraysAsTheyArePrinted) {
  EXPECT_THAT(*parse_array("{}"), ElementsAre());
  EXPECT_THAT(*parse_array("{a,NULL,\"b \\\"c\\\" \\\\,d\",\"NULL\",\"\"}"),
              ElementsAre("a", "b \"c\" \\,d", "NULL", ""));
  for (const char* text : {"", "{", "a", "{\"a}", "{\"a\"b}", "{a\\}", "{{a}}", "{\"a\\}"})
    EXPECT_FALSE(parse_array(text).has_value()) << text;
}

}  // namespace
}  // namespace ringpost::lookup
