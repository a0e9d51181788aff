#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace ringpost::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

std::uint64_t value_of(const std::string& series) {
  const std::string page = render_metrics();
  const auto at = page.find("\n" + series + " ");
  if (at == std::string::npos) return ~0ULL;
  return std::stoull(page.substr(at + series.size() + 2));
}

TEST(Counters, OfAllThreadsAreSummedAlsoAfterTheThreadsEnd) {
  const std::string series = "ringpost_messages_received_total{listener=\"submission\"}";
  const auto before = value_of(series);
  counters().messages_received_total[Listener::submission].add(2);
  std::jthread([] { counters().messages_received_total[Listener::submission].add(3); }).join();
  EXPECT_EQ(value_of(series), before + 5);
}

TEST(Counters, TwoLabelsGiveOneSeriesEach) {
  const std::string series = "ringpost_sessions_total{listener=\"mx\",result=\"timed_out\"}";
  const auto before = value_of(series);
  counters().sessions_total[Listener::mx][SessionResult::timed_out].add();
  EXPECT_EQ(value_of(series), before + 1);
}

TEST(Counters, EveryLabelHasAName) {
  for (std::size_t i = 0; i < label_count<RejectReason>; ++i)
    EXPECT_FALSE(label_name(static_cast<RejectReason>(i)).empty());
  EXPECT_EQ(label_name(RejectReason::relay_denied), "relay_denied");
  EXPECT_EQ(label_name(RejectReason::no_space), "no_space");
  EXPECT_EQ(label_name(RejectReason::other), "other");
  EXPECT_EQ(label_name(SessionResult::shutdown), "shutdown");
  EXPECT_EQ(label_name(DeliveryResult::expired), "expired");
  EXPECT_EQ(label_name(AuthMechanism::other), "other");
  EXPECT_EQ(label_name(AuthResult::aborted), "aborted");
}

TEST(Counters, ThreeLabelsNestAndAnUnknownNameCountsAsOther) {
  const std::string handshakes = "ringpost_tls_handshakes_total{direction=\"out\",version=\"TLSv1.3\",result=\"ok\"}";
  const std::string logins = "ringpost_auth_total{direction=\"in\",mechanism=\"other\",result=\"failed\"}";
  const auto shaken = value_of(handshakes);
  const auto failed = value_of(logins);
  counters().tls_handshakes_total[Direction::out][tls_version("TLSv1.3")][TlsResult::ok].add();
  counters().auth_total[Direction::in][auth_mechanism("KERBEROS_V4")][AuthResult::failed].add();
  EXPECT_EQ(value_of(handshakes), shaken + 1);
  EXPECT_EQ(value_of(logins), failed + 1);
}

TEST(Counters, NamesOfTheWireFindTheirLabels) {
  for (std::size_t i = 0; i < label_count<AuthMechanism>; ++i) {
    const auto label = static_cast<AuthMechanism>(i);
    EXPECT_EQ(auth_mechanism(label_name(label)), label);
  }
  EXPECT_EQ(tls_version("TLSv1.2"), TlsVersion::tls_1_2);
  EXPECT_EQ(tls_version(""), TlsVersion::none);
}

TEST(Levels, MayGoDownOnAnotherThread) {
  const auto before = value_of("ringpost_sessions");
  counters().sessions.add(5);
  std::jthread([] { counters().sessions.remove(2); }).join();
  EXPECT_EQ(value_of("ringpost_sessions"), before + 3);
}

TEST(Histograms, AreCumulativeAndABoundBelongsToItsBucket) {
  Histogram<CountScale> one;
  one.record(std::uint64_t{2});
  one.record(std::uint64_t{3});
  one.record(std::uint64_t{5000});
  EXPECT_EQ(one.bucket(0), 0U);
  EXPECT_EQ(one.bucket(1), 1U);
  EXPECT_EQ(one.bucket(2), 1U);
  EXPECT_EQ(one.bucket(Histogram<CountScale>::bucket_count - 1), 1U);
  EXPECT_DOUBLE_EQ(one.sum(), 5005);
}

TEST(Histograms, SecondsBoundsRiseFromFiftyMicrosecondsToDays) {
  EXPECT_EQ(SecondsScale::bounds.front(), 50'000U);
  EXPECT_EQ(SecondsScale::bounds.back(), 500'000'000'000'000U);
  EXPECT_TRUE(std::ranges::is_sorted(SecondsScale::bounds));
  Histogram<SecondsScale> one;
  one.record(Duration(-5));  // a clock that went back must not count as eternity
  EXPECT_EQ(one.bucket(0), 1U);
}

TEST(Page, HasHelpTypeAndBuckets) {
  counters().commit_seconds.record(std::chrono::milliseconds(3));
  const std::string page = render_metrics();
  EXPECT_THAT(page, HasSubstr("# TYPE ringpost_commit_seconds histogram\n"));
  EXPECT_THAT(page, HasSubstr("ringpost_commit_seconds_bucket{le=\"0.005\"} "));
  EXPECT_THAT(page, HasSubstr("ringpost_commit_seconds_bucket{le=\"+Inf\"} "));
  EXPECT_THAT(page, HasSubstr("# TYPE ringpost_sessions gauge\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE ringpost_delivery_total counter\n"));
  EXPECT_THAT(page, HasSubstr("ringpost_log_lines_lost_total"));
}

TEST(Page, ShowsWorkersByNumber) {
  std::jthread([] {
    name_worker(7);
    counters().buffer_ring_empty_total.add(4);
    EXPECT_EQ(value_of("ringpost_buffer_ring_empty_total{worker=\"7\"}"), 4U);
  }).join();
}

TEST(Gauges, AreReadOnScrapeAndGoneWithTheirHandle) {
  double value = 1;
  {
    const Gauge first = gauge("test_free", "help", [&] { return value; });
    const Gauge second = gauge("test_queue", "help", [] {
      return std::vector<Sample>{{{{"state", "due"}}, 17}, {{{"state", "a\"b\nc"}}, 1}};
    });
    value = 42;
    const std::string page = render_metrics();
    EXPECT_THAT(page, HasSubstr("ringpost_test_free 42\n"));
    EXPECT_THAT(page, HasSubstr("ringpost_test_queue{state=\"due\"} 17\n"));
    EXPECT_THAT(page, HasSubstr("ringpost_test_queue{state=\"a\\\"b\\nc\"} 1\n"));
  }
  EXPECT_THAT(render_metrics(), Not(HasSubstr("test_free")));
}

TEST(Gauges, OfOneNameShareTheirFamily) {
  const Gauge a = gauge("test_busy", "help", [] { return std::vector<Sample>{{{{"worker", "0"}}, 0.5}}; });
  const Gauge b = gauge("test_busy", "help", [] { return std::vector<Sample>{{{{"worker", "1"}}, 0.25}}; });
  const std::string page = render_metrics();
  EXPECT_EQ(page.find("# TYPE ringpost_test_busy"), page.rfind("# TYPE ringpost_test_busy"));
  EXPECT_THAT(page, HasSubstr("ringpost_test_busy{worker=\"1\"} 0.25\n"));
}

}  // namespace
}  // namespace ringpost::telemetry
