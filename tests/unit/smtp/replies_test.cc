#include "smtp/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smtp/reply_parser.h"

namespace ringpost::smtp {
namespace {

std::string wire(const Reply& reply) {
  std::string out;
  reply.append_to(out);
  return out;
}

std::vector<Reply> all_with_enhanced_code() {
  using namespace replies;
  return {noop_ok(),
          handoff_ok(),
          reset_ok(),
          vrfy_cannot(),
          expn_refused(),
          help(),
          closing("mx"),
          mail_ok(),
          mail_ok_with_priority(-4),
          hold_too_long(std::chrono::hours(1)),
          deadline_before_release(),
          rcpt_ok(),
          queued(MessageId{}),
          chunk_ok(5),
          too_many_recipients(1000),
          no_valid_recipients(),
          size_exceeded(1000),
          relay_denied(),
          unknown_recipient(),
          mail_loop(101),
          bare_line_ending(),
          text_line_too_long(),
          nul_in_message(),
          binary_needs_bdat(),
          data_after_bdat(),
          eight_bit_without_8bitmime(),
          syntax_error(),
          unknown_command(),
          command_line_too_long(),
          bad_parameters(),
          no_argument_allowed(Verb::rset),
          parameter_not_recognized(),
          not_implemented(Verb::auth),
          bad_sequence("MAIL first"),
          nested_mail(),
          try_later(),
          insufficient_storage(),
          message_refused_for_now(),
          memory_short(),
          memory_short_for_session("mx"),
          shutting_down("mx"),
          timed_out("mx", std::chrono::minutes(5)),
          protocol_lost("mx"),
          too_many_errors("mx", 10),
          too_many_sessions_of_client("mx", "192.0.2.1", 64),
          too_many_sessions("mx"),
          rate_exceeded("mx", "192.0.2.1", 10, std::chrono::seconds(30)),
          auth_blocked("mx", "192.0.2.1", 10, std::chrono::minutes(10)),
          sender_not_yours("envelope-not-yours", "b@x.example", "ann"),
          header_not_yours("from-not-yours", "b@x.example", "ann"),
          local_domain_needs_auth("local-domain-without-auth", "b@x.example"),
          already_authenticated(),
          auth_in_transaction(),
          auth_line_too_long(),
          auth_not_base64(),
          auth_transition_needed(),
          auth_mechanism_too_weak(),
          starttls_ready(),
          tls_not_available(),
          starttls_required(),
          already_under_tls(),
          auth_required(),
          auth_ok(),
          auth_failed(),
          auth_cancelled(),
          auth_temporary_failure(),
          auth_mechanism_unknown(),
          auth_needs_encryption(),
          submission_not_available("mx")};
}

TEST(Replies, ReadBackAsTheyWereMeant) {
  for (const Reply& reply : all_with_enhanced_code()) {
    const std::string octets = wire(reply);
    std::string_view in = octets;
    ReplyParser parser;
    auto read = parser.feed(in);
    ASSERT_TRUE(read && *read) << octets;
    EXPECT_EQ(**read, reply) << octets;
    ASSERT_TRUE(reply.enhanced()) << octets;
    EXPECT_EQ(reply.enhanced()->klass, reply.code() / 100) << octets;
    EXPECT_FALSE(reply.lines().front().empty());
  }
}

TEST(Replies, GreetingAndHelloHaveNoEnhancedCode) {
  EXPECT_EQ(wire(replies::greeting("mx.example.com")), "220 mx.example.com ESMTP ringpost\r\n");
  EXPECT_EQ(wire(replies::helo_ok("mx.example.com", "client")), "250 mx.example.com greets client\r\n");
  EXPECT_EQ(wire(replies::start_data()).substr(0, 10), "354 start ");
  EXPECT_EQ(wire(replies::auth_continue("")), "334 \r\n");
  const std::string challenge(12'000, 'A');
  EXPECT_EQ(wire(replies::auth_continue(challenge)), "334 " + challenge + "\r\n");  // a challenge is one line
}

TEST(Replies, EhloListsOneKeywordALine) {
  Extensions offered;
  offered.pipelining = offered.size = true;
  offered.size_max = 1000;
  EXPECT_EQ(wire(replies::ehlo_ok("mx", "c", offered)), "250-mx greets c\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
  EXPECT_EQ(wire(replies::ehlo_ok("mx", "c", {})), "250 mx greets c\r\n");
}

TEST(Replies, QueuedNamesTheMessage) {
  const MessageId id = MessageId::parse("01JDDW0000000000000000000A").value();
  EXPECT_EQ(wire(replies::queued(id)), "250 2.0.0 queued as 01JDDW0000000000000000000A\r\n");
}

TEST(Replies, ProtectionSaysWhyInSeveralLinesAndEndsTheSession) {
  for (const Reply& reply :
       {replies::too_many_errors("mx", 10), replies::too_many_sessions("mx"), replies::memory_short_for_session("mx"),
        replies::too_many_sessions_of_client("mx", "192.0.2.1", 64),
        replies::rate_exceeded("mx", "192.0.2.1", 10, std::chrono::seconds(30))}) {
    EXPECT_EQ(reply.code(), 421);
    EXPECT_TRUE(reply.ends_session());
    EXPECT_GE(reply.lines().size(), 3u);
  }
  EXPECT_EQ(replies::rate_exceeded("mx", "192.0.2.1", 10, std::chrono::milliseconds(29'500)).lines()[2],
            "try again in 30s");
  EXPECT_EQ(replies::too_many_sessions_of_client("mx", "192.0.2.1", 64).lines()[0], "too many sessions from 192.0.2.1");
}

TEST(FromError, NeverTellsThePrivateReason) {
  for (const PublicStatus status :
       {PublicStatus{451, {4, 3, 0}}, PublicStatus{550, {5, 7, 1}}, PublicStatus{553, {5, 6, 7}},
        PublicStatus{452, {4, 3, 1}}, PublicStatus{599, {5, 9, 9}}, PublicStatus{250, {2, 0, 0}}}) {
    const Reply reply = replies::from_error(Error(ErrorKind::io, "secret /var/lib", status));
    EXPECT_THAT(wire(reply), testing::Not(testing::HasSubstr("secret")));
    EXPECT_GE(reply.code(), 400);
  }
}

TEST(FromError, KeepsTheStatusAndUsesTheKnownText) {
  EXPECT_EQ(replies::from_error(Error(ErrorKind::no_space, "", {452, {4, 3, 1}})), replies::insufficient_storage());
  EXPECT_EQ(replies::from_error(Error(ErrorKind::invalid, "", {555, {5, 5, 4}})), replies::parameter_not_recognized());
  EXPECT_EQ(wire(replies::from_error(Error(ErrorKind::refused, "", {554, {5, 4, 6}}))), "554 5.4.6 mail loop\r\n");
  const Reply reply = replies::from_error(Error(ErrorKind::invalid, "", {501, {5, 1, 7}}));
  EXPECT_EQ(wire(reply), "501 5.1.7 bad sender address syntax\r\n");
  EXPECT_EQ(replies::from_error(Error(ErrorKind::refused, "", {550, {5, 7, 26}})).status(),
            (PublicStatus{550, {5, 7, 26}}));
}

}  // namespace
}  // namespace ringpost::smtp
