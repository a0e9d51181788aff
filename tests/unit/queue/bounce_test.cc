#include "queue/bounce.h"

#include <set>
#include <thread>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Shard;

struct Original {
  queue::ReportTexts texts;
  queue::ReportKind kind = queue::ReportKind::failure;
  bool whole = false;
  queue::Message message;
  std::vector<mail::DeliveryStatus> failed;
  std::string header = "Received: by test\r\nSubject: hello\r\nX-Long: a\r\n\tb\r\n\r\n";

  Original() {
    message.envelope = envelope("sender@example.org", {"b@example.net", "c@example.com"});
    message.id = MessageId::generate(WallTime::now());
    failed.push_back(
        {0, mail::Action::failed, {550, {5, 1, 1}}, "550 5.1.1 unknown user", "mx.example.net[192.0.2.1]:25"});
  }
  queue::Bounce compose() const {
    return queue::compose_bounce({message, failed, header, whole, "mx.example.org",
                                  MessageId::generate(WallTime::now()), WallTime{1'790'000'000'000}, kind,
                                  message.envelope.reverse_path, WallTime{1'790'400'000'000}, texts});
  }
};

/// The parts of a multipart body, each with its header.
std::vector<std::string> parts(const std::string& body) {
  const auto at = body.find("boundary=\"");
  EXPECT_NE(at, std::string::npos);
  const std::string mark = "--" + body.substr(at + 10, body.find('"', at + 10) - at - 10);
  std::vector<std::string> found;
  auto begin = body.find("\r\n" + mark + "\r\n");
  while (begin != std::string::npos) {
    begin += mark.size() + 4;
    const auto end = body.find("\r\n" + mark, begin);
    EXPECT_NE(end, std::string::npos);
    found.push_back(body.substr(begin, end - begin));
    begin = body.compare(end + 2 + mark.size(), 2, "--") == 0 ? std::string::npos : end;
  }
  EXPECT_TRUE(body.ends_with(mark + "--\r\n"));
  return found;
}

bool has(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

TEST(Bounce, GoesToTheSenderFromTheNullReversePath) {
  const Original original;
  const queue::Bounce bounce = original.compose();
  EXPECT_TRUE(bounce.envelope.reverse_path.is_null());
  ASSERT_EQ(bounce.envelope.recipients.size(), 1U);
  EXPECT_EQ(bounce.envelope.recipients[0].address.text(), "sender@example.org");
  EXPECT_EQ(bounce.envelope.recipients[0].notify.bits, mail::Notify::never);
  EXPECT_EQ(bounce.facts.octets, bounce.body.size());
  EXPECT_TRUE(bounce.facts.has_from && bounce.facts.has_date && bounce.facts.has_message_id);
}

TEST(Bounce, IsAReportInThreeParts) {
  const Original original;
  const queue::Bounce bounce = original.compose();
  const std::string header = bounce.body.substr(0, bounce.facts.header_octets);
  EXPECT_TRUE(has(header, "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"));
  EXPECT_TRUE(has(header, "To: <sender@example.org>\r\n"));
  EXPECT_TRUE(has(header, "Auto-Submitted: auto-replied\r\n"));
  EXPECT_TRUE(has(header, "Content-Type: multipart/report; report-type=delivery-status;"));
  const auto found = parts(bounce.body);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[0].starts_with("Content-Type: text/plain"));
  EXPECT_TRUE(has(found[0], "<b@example.net>"));
  EXPECT_TRUE(has(found[0], "550 5.1.1 unknown user"));
  EXPECT_FALSE(has(found[0], "c@example.com"));
  EXPECT_TRUE(found[1].starts_with("Content-Type: message/delivery-status\r\n\r\n"));
  EXPECT_TRUE(has(found[1], "Reporting-MTA: dns; mx.example.org\r\n"));
  EXPECT_TRUE(has(found[1], "\r\n\r\nFinal-Recipient: rfc822; b@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
  EXPECT_TRUE(has(found[1], "Remote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown user\r\n"));
  EXPECT_TRUE(found[2].starts_with(
      "Content-Type: text/rfc822-headers\r\n\r\nReceived: by test\r\nSubject: hello\r\nX-Long: a\r\n\tb\r\n"));
}

TEST(Bounce, EachFailedRecipientHasItsOwnGroup) {
  Original original;
  original.failed.push_back({1, mail::Action::failed, {451, {4, 4, 7}}, "not delivered in time", ""});
  original.message.envelope.envelope_id = "QQ+2B314";
  original.message.envelope.recipients[1].original_recipient = "rfc822;c+2Bd@example.com";
  const auto found = parts(original.compose().body);
  EXPECT_TRUE(has(found[1], "Original-Envelope-Id: QQ+314\r\n"));
  EXPECT_TRUE(has(found[1],
                  "\r\n\r\nOriginal-Recipient: rfc822; c+d@example.com\r\nFinal-Recipient: rfc822; c@example.com\r\n"
                  "Action: failed\r\nStatus: 4.4.7\r\nDiagnostic-Code: x-ringpost; not delivered in time\r\n"));
}

TEST(Bounce, WhatAPeerSaidCannotAddFieldsOrLines) {
  Original original;
  original.failed[0].diagnostic = "550 no\r\nAction: delivered\r\n\r\n--";
  original.failed[0].remote = "evil\r\nX: y[192.0.2.1]:25";
  original.message.envelope.envelope_id = "a+0D+0AX-Evil:+20yes";
  const std::string body = original.compose().body;
  EXPECT_FALSE(has(body, "\r\nAction: delivered"));
  EXPECT_FALSE(has(body, "\r\nX: y"));
  EXPECT_FALSE(has(body, "\r\nX-Evil"));
}

TEST(Bounce, QuotedHeaderCannotEndThePartOrTheLine) {
  Original original;
  original.header = "Subject: a\nBcc: x\rTo: y\r\n" + std::string(5000, 'z') + "\r\nunfinished";
  const std::string body = original.compose().body;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const bool after_cr = i > 0 && body[i - 1] == '\r';
    ASSERT_EQ(body[i] == '\n', after_cr) << i;
  }
  EXPECT_FALSE(has(body, "unfinished"));
  EXPECT_FALSE(has(body, std::string(999, 'z')));
}

TEST(Bounce, InternationalAddressMakesAGlobalReport) {
  Original original;
  original.message.envelope = envelope("sender@example.org", {"j\xc3\xbcrgen@example.net"});
  original.message.envelope.smtputf8 = true;
  original.message.envelope.recipients[0].original_recipient = "utf-8;j\\x{FC}rg@example.net";
  const queue::Bounce bounce = original.compose();
  EXPECT_TRUE(bounce.envelope.smtputf8);
  EXPECT_EQ(bounce.envelope.body, mail::BodyType::eight_bit);
  const auto found = parts(bounce.body);
  EXPECT_TRUE(found[1].starts_with("Content-Type: message/global-delivery-status\r\n"));
  EXPECT_TRUE(has(found[1], "Final-Recipient: utf-8; j\xc3\xbcrgen@example.net\r\n"));
  EXPECT_TRUE(has(found[1], "Original-Recipient: utf-8; j\xc3\xbcrg@example.net\r\n"));
}

TEST(Bounce, WithoutSmtputf8AddressesAreInTheirSevenBitForm) {
  Original original;
  original.message.envelope.recipients[0].original_recipient = "utf-8;j\\x{FC}rg@example.net";
  const queue::Bounce bounce = original.compose();
  EXPECT_FALSE(bounce.envelope.smtputf8);
  EXPECT_EQ(bounce.envelope.body, mail::BodyType::seven_bit);
  const auto found = parts(bounce.body);
  EXPECT_TRUE(found[1].starts_with("Content-Type: message/delivery-status\r\n"));
  EXPECT_TRUE(has(found[1], "Original-Recipient: utf-8; j\\x{FC}rg@example.net\r\n"));
}

TEST(Bounce, Utf8OriginalRecipientCannotAddFields) {
  Original original;
  original.message.envelope.smtputf8 = true;
  original.message.envelope.recipients[0].original_recipient = "utf-8;a\\x{0D}\\x{0A}X-Evil:\\x{20}yes\xc3\xbc";
  EXPECT_FALSE(has(original.compose().body, "\nX-Evil"));
}

TEST(Bounce, DelaySaysUntilWhenAndSuccessSaysHow) {
  Original original;
  original.kind = queue::ReportKind::delay;
  original.failed[0] = {0, mail::Action::deferred, {450, {4, 2, 0}}, "450 4.2.0 later", "mx.example.net[192.0.2.1]:25"};
  auto found = parts(original.compose().body);
  EXPECT_TRUE(has(found[0], "THIS IS A WARNING ONLY"));
  EXPECT_TRUE(has(found[1], "Action: delayed\r\nStatus: 4.2.0\r\n"));
  EXPECT_TRUE(has(found[1], "Diagnostic-Code: smtp; 450 4.2.0 later\r\nLast-Attempt-Date: "));
  EXPECT_TRUE(has(found[1], "\r\nWill-Retry-Until: "));
  original.kind = queue::ReportKind::success;
  original.failed = {
      {0, mail::Action::delivered, {250, {2, 0, 0}}, "written", "maildir"},
      {1, mail::Action::delivered, {250, {2, 0, 0}}, "250 ok", "mx[192.0.2.1]:25", mail::Handover::relayed}};
  found = parts(original.compose().body);
  EXPECT_TRUE(
      has(found[1], "b@example.net\r\nAction: delivered\r\nStatus: 2.0.0\r\nDiagnostic-Code: x-ringpost; written"));
  EXPECT_TRUE(has(found[1], "c@example.com\r\nAction: relayed\r\n"));
  EXPECT_FALSE(has(found[1], "Will-Retry-Until"));
}

TEST(Bounce, WholeMessageIsQuotedAsItWas) {
  Original original;
  original.whole = true;
  original.header = "Subject: hello\r\n\r\n--a line\r\nlast without an end";
  const auto found = parts(original.compose().body);
  EXPECT_EQ(found[2], "Content-Type: message/rfc822\r\n\r\n" + original.header + "\r\n");
}

TEST(Bounce, WholeMessageGoesBackOnlyWhereItFits) {
  const queue::Options options;
  Original original;
  queue::Message& message = original.message;
  message.facts.octets = options.return_octets_max;
  EXPECT_FALSE(queue::returns_whole(options, message, queue::ReportKind::failure)) << "not asked for";
  message.envelope.ret = mail::DsnReturn::full;
  EXPECT_TRUE(queue::returns_whole(options, message, queue::ReportKind::failure));
  EXPECT_FALSE(queue::returns_whole(options, message, queue::ReportKind::success));
  message.prefix = "x";
  EXPECT_FALSE(queue::returns_whole(options, message, queue::ReportKind::failure));
  message.prefix.clear();
  message.facts.line_octets_max = 999;
  EXPECT_FALSE(queue::returns_whole(options, message, queue::ReportKind::failure));
}

TEST(Bounce, AsksOfTlsWhatTheOriginalAsked) {
  const queue::Options options;
  Original original;
  original.message.envelope.ret = mail::DsnReturn::full;
  EXPECT_EQ(original.compose().envelope.tls, mail::TlsWish::as_configured);
  original.message.envelope.tls = mail::TlsWish::optional;
  queue::Bounce bounce = original.compose();
  EXPECT_EQ(bounce.envelope.tls, mail::TlsWish::optional);
  EXPECT_LT(bounce.body.find("\r\nTLS-Required: No\r\n"), bounce.facts.header_octets);
  EXPECT_TRUE(queue::returns_whole(options, original.message, queue::ReportKind::failure));
  original.message.envelope.tls = mail::TlsWish::required;
  EXPECT_FALSE(queue::returns_whole(options, original.message, queue::ReportKind::failure));
  bounce = original.compose();
  EXPECT_EQ(bounce.envelope.tls, mail::TlsWish::required);
  EXPECT_EQ(bounce.body.find("TLS-Required"), std::string::npos);
  EXPECT_EQ(bounce.envelope.next_hop_tls(), mail::TlsWish::as_configured) << "rather unprotected than lost";
}

class BounceTest : public QueueTest {
 protected:
  /// Fails one message from `from`; returns the bounce's body as its receiver would get it, empty if there is none.
  std::string bounce_of(const mail::Envelope& sent) {
    std::string received;
    mail::Envelope envelope_sent = sent;
    on_shard(
        [](Shard& shard, mail::Envelope& wanted, std::string& body) -> io::Task<> {
          (void)co_await submit(shard, wanted, test_body());
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value());
          if (!attempt) co_return;
          refuse(*attempt);
          auto bounce = co_await next(shard, "smtp:example.org", 500ms);
          if (!bounce) co_return;
          EXPECT_TRUE(bounce->message().envelope.reverse_path.is_null());
          body = bounce->message().prefix;
          body += co_await read_body(shard, *bounce);
          deliver(*bounce);
        },
        envelope_sent, received);
    return received;
  }
};

TEST_F(BounceTest, FailedRecipientIsReportedToTheSender) {
  open();
  const std::string body = bounce_of(one_recipient());
  EXPECT_TRUE(has(body, "Final-Recipient: rfc822; b@example.net\r\n"));
  EXPECT_TRUE(has(body, "Subject: a test\r\n"));
  EXPECT_TRUE(has(body, "Received: by test\r\n"));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(BounceTest, FailureOfABounceIsDropped) {
  open();
  EXPECT_EQ(bounce_of(from_to("", "b@example.net")), "");
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(BounceTest, NotifyNeverAndNotifyWithoutFailureMakeNoBounce) {
  open();
  for (const std::uint8_t bits : {mail::Notify::never, mail::Notify::success}) {
    mail::Envelope quiet = one_recipient();
    quiet.recipients[0].notify.bits = bits;
    EXPECT_EQ(bounce_of(quiet), "");
  }
  EXPECT_EQ(settled().messages, 0U);
  mail::Envelope loud = one_recipient();
  loud.recipients[0].notify.bits = mail::Notify::success | mail::Notify::failure;
  EXPECT_NE(bounce_of(loud), "");
}

TEST_F(BounceTest, MessagePastItsAgeIsFailedWithDeliveryTimeExpired) {
  options_.max_age = 300ms;
  open();
  std::string body;
  on_shard(
      [](Shard& shard, std::string& received) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), test_body());
        int attempts = 0;
        for (;;) {
          auto attempt = co_await next(shard, "smtp:example.net", 500ms);
          if (!attempt) break;
          ++attempts;
          defer(*attempt);
        }
        EXPECT_GE(attempts, 2);
        auto bounce = co_await next(shard, "smtp:example.org", 500ms);
        EXPECT_TRUE(bounce.has_value());
        if (!bounce) co_return;
        received = co_await read_body(shard, *bounce);
        deliver(*bounce);
      },
      body);
  EXPECT_TRUE(has(body, "Status: 4.4.7\r\n"));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(BounceTest, MessagePastItsAgeFromAnEarlierLifeIsFailedOnTheWay) {
  options_.max_age = 200ms;
  options_.retry.first = 150ms;
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    if (attempt) defer(*attempt);
  });
  close();
  std::this_thread::sleep_for(300ms);
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    auto attempt = co_await next(shard, "smtp:example.net", 300ms);
    EXPECT_FALSE(attempt.has_value());
    auto bounce = co_await next(shard, "smtp:example.org");
    EXPECT_TRUE(bounce.has_value());
    if (bounce) deliver(*bounce);
  });
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(BounceTest, FloodOfFailuresIsReportedInFullAndOnce) {
  constexpr int messages = 1300;  // more than may be on their way to the log
  options_.window_messages = 4000;
  open();
  std::multiset<std::string> reported;
  on_shard(
      [](Shard& shard, std::multiset<std::string>& ids) -> io::Task<> {
        for (int i = 0; i < messages; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        while (auto attempt = shard.scheduler().take("smtp:example.net", 10)) refuse(*attempt);
        const MonotonicTime until = monotonic_now() + 20s;
        while (ids.size() < messages && monotonic_now() < until) {
          while (auto again = shard.scheduler().take("smtp:example.net", 10)) refuse(*again);  // what was put off
          auto bounce = co_await next(shard, "smtp:example.org", 20ms);
          if (!bounce) continue;
          const std::string body = co_await read_body(shard, *bounce);
          const auto at = body.find("X-Ringpost-Message: ");
          EXPECT_NE(at, std::string::npos);
          ids.insert(body.substr(at + 20, MessageId::text_octets));
          deliver(*bounce);
        }
      },
      reported);
  EXPECT_EQ(std::set<std::string>(reported.begin(), reported.end()).size(), static_cast<std::size_t>(messages));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(BounceTest, RecipientsThatWereDeliveredAreNotReported) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    auto wanted = envelope("a@example.org", {"good@example.net", "bad@example.net", "late@example.net"});
    (void)co_await submit(shard, wanted, test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (!attempt) co_return;
    std::vector<mail::DeliveryStatus> statuses;
    statuses.push_back({0, mail::Action::delivered, {250, {2, 0, 0}}, "ok", "x"});
    statuses.push_back({1, mail::Action::failed, {550, {5, 1, 1}}, "no", "x"});
    attempt->finish(std::move(statuses));  // the third was not tried: ready again
    auto third = shard.scheduler().take("smtp:example.net", 10);
    EXPECT_TRUE(third.has_value());
    if (!third) co_return;
    EXPECT_EQ(third->recipients(), std::vector<std::uint32_t>{2});
    deliver(*third);
    auto bounce = co_await next(shard, "smtp:example.org");
    EXPECT_TRUE(bounce.has_value());
    if (!bounce) co_return;
    const std::string body = co_await read_body(shard, *bounce);
    EXPECT_TRUE(has(body, "bad@example.net"));
    EXPECT_FALSE(has(body, "good@example.net"));
    EXPECT_FALSE(has(body, "late@example.net"));
    deliver(*bounce);
  });
  EXPECT_EQ(settled().messages, 0U);
}

}  // namespace
}  // namespace ringpost::test
