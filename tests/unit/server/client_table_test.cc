#include "server/client_table.h"

#include <gtest/gtest.h>

namespace ringpost::server {
namespace {

policy::IpAddress ip(const char* text) {
  return *policy::parse_ip(text);
}

TEST(ClientTable, OneClientCannotTakeAllSessions) {
  Limits limits;
  limits.sessions_per_client_max = 2;
  limits.sessions_max = 3;
  ClientTable table;
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
  EXPECT_EQ(table.enter(ip("::ffff:192.0.2.1"), limits), Admission::admitted);
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::client_full);
  EXPECT_EQ(table.enter(ip("192.0.2.2"), limits), Admission::admitted);
  EXPECT_EQ(table.enter(ip("192.0.2.3"), limits), Admission::server_full);
  table.leave(ip("192.0.2.1"));
  EXPECT_EQ(table.enter(ip("192.0.2.3"), limits), Admission::admitted);
  EXPECT_EQ(table.sessions(), 3U);
}

TEST(ClientTable, LowerLimitsHoldForThoseWhoComeLater) {
  Limits limits;
  ClientTable table;
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
  limits.sessions_per_client_max = 1;
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::client_full);
  table.leave(ip("192.0.2.1"));
  table.leave(ip("192.0.2.1"));
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
}

TEST(ClientTable, ShortOfMemoryNobodyEntersAndWhoIsThereStays) {
  Limits limits;
  limits.sessions_max = 2;
  ClientTable table;
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
  for (const MemoryLevel level : {MemoryLevel::no_sessions, MemoryLevel::no_messages}) {
    table.set_memory(level);
    EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::memory_short);
    EXPECT_EQ(table.sessions(), 1U);
  }
  table.set_memory(MemoryLevel::enough);
  EXPECT_EQ(table.enter(ip("192.0.2.1"), limits), Admission::admitted);
}

TEST(MemoryLevel, RisesTowardsTheBudget) {
  EXPECT_EQ(memory_level(0, 1000), MemoryLevel::enough);
  EXPECT_EQ(memory_level(849, 1000), MemoryLevel::enough);
  EXPECT_EQ(memory_level(850, 1000), MemoryLevel::no_sessions);
  EXPECT_EQ(memory_level(950, 1000), MemoryLevel::no_messages);
  EXPECT_EQ(memory_level(UINT64_MAX, UINT64_MAX), MemoryLevel::no_messages);
}

TEST(ClientTable, Ipv6ClientsCountByTheirNetwork) {
  Limits limits;
  limits.sessions_per_client_max = 1;
  ClientTable table;
  EXPECT_EQ(table.enter(ip("2001:db8::1"), limits), Admission::admitted);
  EXPECT_EQ(table.enter(ip("2001:db8::ffff"), limits), Admission::client_full);
  EXPECT_EQ(table.enter(ip("2001:db8:0:1::1"), limits), Admission::admitted);
}

TEST(ClientTable, MessagesBeyondTheRateAreToldHowLongToWait) {
  constexpr std::uint32_t per_minute = 6;
  ClientTable table;
  const MonotonicTime now = monotonic_now();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(table.count_message(ip("192.0.2.1"), per_minute, now), Duration::zero());
  EXPECT_EQ(table.count_message(ip("192.0.2.1"), per_minute, now), std::chrono::seconds(10));
  EXPECT_EQ(table.count_message(ip("192.0.2.2"), per_minute, now), Duration::zero());
  EXPECT_EQ(table.count_message(ip("192.0.2.1"), per_minute, now + std::chrono::seconds(10)), Duration::zero());
}

}  // namespace
}  // namespace ringpost::server
