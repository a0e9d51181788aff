#include "tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ringpost::tls {
namespace {

using Octets = std::vector<std::uint8_t>;
using std::chrono::hours;
using std::chrono::minutes;
using Opened = TicketKeys::Opened;

const MonotonicTime start = monotonic_now();

TEST(TicketKeys, OpenWhatTheySealedAndNothingElse) {
  TicketKeys keys(start), others(start);
  Octets ticket(100, 7);
  auto seal = keys.seal(ticket, "a.example", start);
  ASSERT_TRUE(seal.has_value());
  EXPECT_NE(ticket, Octets(100, 7));
  Octets copy = ticket;
  EXPECT_EQ(others.open(copy, *seal, "a.example", start), Opened::no);
  copy = ticket;
  EXPECT_EQ(keys.open(copy, *seal, "b.example", start), Opened::no);
  copy = ticket;
  copy[3] ^= 1;
  EXPECT_EQ(keys.open(copy, *seal, "a.example", start), Opened::no);
  EXPECT_EQ(keys.open(ticket, *seal, "a.example", start), Opened::yes);
  EXPECT_EQ(ticket, Octets(100, 7));
}

TEST(TicketKeys, AKeyOpensForAnHourAfterItsHourOfSealing) {
  TicketKeys keys(start);
  Octets ticket(100, 7);
  const auto seal = keys.seal(ticket, "", start + minutes(59));
  Octets copy = ticket;
  EXPECT_EQ(keys.open(copy, *seal, "", start + minutes(61)), Opened::yes_renew);
  copy = ticket;
  EXPECT_EQ(keys.open(copy, *seal, "", start + minutes(119)), Opened::yes_renew);
  copy = ticket;
  EXPECT_EQ(keys.open(copy, *seal, "", start + minutes(121)), Opened::no);
}

TEST(TicketKeys, AfterALongPauseTheOldKeyOpensNothing) {
  TicketKeys keys(start);
  Octets ticket(100, 7);
  const auto seal = keys.seal(ticket, "", start);
  EXPECT_EQ(keys.open(ticket, *seal, "", start + hours(5)), Opened::no);
}

TEST(TicketKeys, ThreadsMayShareThem) {
  TicketKeys keys(start);
  std::atomic<int> opened = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&keys, &opened] {
      for (int i = 0; i < 200; ++i) {
        const MonotonicTime now = start + minutes(i);
        Octets ticket(100, 7);
        const auto seal = keys.seal(ticket, "x", now);
        if (seal && keys.open(ticket, *seal, "x", now) != Opened::no) ++opened;  // the others may have moved on
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(opened.load(), 0);
}

}  // namespace
}  // namespace ringpost::tls
