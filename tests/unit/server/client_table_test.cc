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
  ClientTable table(limits);
  EXPECT_EQ(table.enter(ip("192.0.2.1")), Admission::admitted);
  EXPECT_EQ(table.enter(ip("::ffff:192.0.2.1")), Admission::admitted);
  EXPECT_EQ(table.enter(ip("192.0.2.1")), Admission::client_full);
  EXPECT_EQ(table.enter(ip("192.0.2.2")), Admission::admitted);
  EXPECT_EQ(table.enter(ip("192.0.2.3")), Admission::server_full);
  table.leave(ip("192.0.2.1"));
  EXPECT_EQ(table.enter(ip("192.0.2.3")), Admission::admitted);
  EXPECT_EQ(table.sessions(), 3U);
}

TEST(ClientTable, Ipv6ClientsCountByTheirNetwork) {
  Limits limits;
  limits.sessions_per_client_max = 1;
  ClientTable table(limits);
  EXPECT_EQ(table.enter(ip("2001:db8::1")), Admission::admitted);
  EXPECT_EQ(table.enter(ip("2001:db8::ffff")), Admission::client_full);
  EXPECT_EQ(table.enter(ip("2001:db8:0:1::1")), Admission::admitted);
}

TEST(ClientTable, MessagesBeyondTheRateAreToldHowLongToWait) {
  Limits limits;
  limits.messages_per_minute_per_client = 6;
  ClientTable table(limits);
  const MonotonicTime now = monotonic_now();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(table.count_message(ip("192.0.2.1"), now), Duration::zero());
  EXPECT_EQ(table.count_message(ip("192.0.2.1"), now), std::chrono::seconds(10));
  EXPECT_EQ(table.count_message(ip("192.0.2.2"), now), Duration::zero());
  EXPECT_EQ(table.count_message(ip("192.0.2.1"), now + std::chrono::seconds(10)), Duration::zero());
}

}  // namespace
}  // namespace ringpost::server
