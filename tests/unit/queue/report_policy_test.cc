#include "queue/report_policy.h"

#include <gtest/gtest.h>

namespace ringpost::queue {
namespace {

mail::Envelope from(const mail::Address& sender, std::uint8_t notify, bool trusted) {
  mail::Envelope envelope;
  envelope.reverse_path = sender;
  envelope.recipients.push_back({{"b", "example.net"}, {notify}, ""});
  envelope.origin.trusted = trusted;
  return envelope;
}

bool told(const Options& options, const mail::Envelope& envelope, ReportKind kind) {
  return why_no_report(options, envelope, 0, kind).empty();
}

const mail::Address sender{"a", "example.org"};
using mail::Notify;

TEST(ReportPolicy, WithoutNotifyFailuresAreToldToAllAndDelaysToWhoIsKnown) {
  const Options options;
  for (const bool trusted : {false, true}) {
    const auto envelope = from(sender, Notify::unspecified, trusted);
    EXPECT_TRUE(told(options, envelope, ReportKind::failure));
    EXPECT_EQ(told(options, envelope, ReportKind::delay), trusted);
    EXPECT_FALSE(told(options, envelope, ReportKind::success));
  }
}

TEST(ReportPolicy, NotifyIsTakenAtItsWord) {
  const Options options;
  const std::pair<ReportKind, std::uint8_t> kinds[] = {{ReportKind::failure, Notify::failure},
                                                       {ReportKind::delay, Notify::delay},
                                                       {ReportKind::success, Notify::success}};
  for (const std::uint8_t notify : {Notify::never, Notify::success, Notify::failure, Notify::delay})
    for (const auto& [kind, bit] : kinds)
      EXPECT_EQ(told(options, from(sender, notify, true), kind), notify == bit) << int{notify} << " " << int(kind);
}

TEST(ReportPolicy, NoDelayIsToldWhereNoneIsConfigured) {
  Options options;
  options.delay_notice_after = Duration::zero();
  EXPECT_FALSE(told(options, from(sender, Notify::delay, true), ReportKind::delay));
}

TEST(ReportPolicy, WhoWasNeverVerifiedIsNotBotheredWherePolicySaysSo) {
  Options options;
  options.bounce_unverified = false;
  mail::Envelope stranger = from(sender, Notify::success | Notify::failure | Notify::delay, false);
  for (const ReportKind kind : {ReportKind::failure, ReportKind::delay, ReportKind::success}) {
    EXPECT_FALSE(told(options, stranger, kind));
    EXPECT_TRUE(told(options, from(sender, stranger.recipients[0].notify.bits, true), kind));
  }
  stranger.origin.login = "ann";
  EXPECT_TRUE(told(options, stranger, ReportKind::failure));
}

TEST(ReportPolicy, DoubleBounceGoesToThePostmasterOnceOrNowhere) {
  Options options;
  options.hostname = "mx.example.org";
  mail::Envelope bounce = from({}, Notify::never, false);
  EXPECT_EQ(failure_kind(bounce), ReportKind::double_bounce);
  EXPECT_FALSE(told(options, bounce, ReportKind::double_bounce));
  options.double_bounce = DoubleBounce::postmaster;
  EXPECT_TRUE(told(options, bounce, ReportKind::double_bounce));
  EXPECT_FALSE(told(options, bounce, ReportKind::delay));
  EXPECT_EQ(report_address(options, bounce, 0, ReportKind::double_bounce).text(), "postmaster@mx.example.org");
  options.double_bounce_to = "bounces@example.com";
  EXPECT_EQ(report_address(options, bounce, 0, ReportKind::double_bounce).text(), "bounces@example.com");
  bounce.origin.listener = double_bounce_origin;
  EXPECT_FALSE(told(options, bounce, ReportKind::double_bounce));
}

}  // namespace
}  // namespace ringpost::queue
