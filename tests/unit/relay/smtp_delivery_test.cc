#include "relay/smtp_delivery.h"

#include <gmock/gmock.h>

#include "io/connection.h"
#include "relay/fake_work.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using mail::Action;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;
using test::Step;
using testing::HasSubstr;
using testing::SizeIs;

Script after_hello(std::string keywords, Script rest, const std::string& verb = "EHLO") {
  Script script{{"", "220 hi\r\n"}, {verb + " c.example\r\n", "250-hi\r\n" + keywords + "250 HELP\r\n"}};
  script.insert(script.end(), rest.begin(), rest.end());
  return script;
}

Task<std::unique_ptr<OutboundConnection>> connect(Reactor& reactor, const ScriptedPeer& peer,
                                                  smtp::Dialect dialect = smtp::Dialect::smtp) {
  const Deadline deadline = Deadline::after(seconds(10));
  auto stream = co_await io::Connection::connect(reactor, peer.address(), {}, deadline, Cancel::never());
  EXPECT_TRUE(stream.has_value());
  auto connection = std::make_unique<OutboundConnection>(std::move(*stream), smtp::Waits{}, "peer[127.0.0.1]:25");
  auto greeting = co_await connection->client.greeting(deadline, Cancel::never());
  EXPECT_TRUE(greeting.has_value());
  auto hello = co_await connection->client.hello("c.example", dialect, deadline, Cancel::never());
  EXPECT_TRUE(hello.has_value());
  co_return connection;
}

// Delivers `work` through a peer with `script`; what the peer heard behind the hello is appended to `heard`.
Task<TransactionOutcome> deliver(Reactor& reactor, Script script, FakeWork& work, std::string& heard,
                                 smtp::Dialect dialect = smtp::Dialect::smtp) {
  const ReplyRules rules({{"550", "5.7.1", "ask again", Advice::defer}, {"4", "4.2.1", "gone", Advice::fail}});
  std::vector<Script> scripts(1, std::move(script));
  ScriptedPeer peer(reactor, std::move(scripts));
  auto connection = co_await connect(reactor, peer, dialect);
  auto outcome = co_await deliver_over(*connection, work, rules, Cancel::never());
  co_await connection->client.close();
  co_await peer.stop();
  for (std::size_t i = 2; i < peer.heard().size(); ++i) heard += peer.heard()[i];
  co_return std::move(outcome);
}

TEST(SmtpDelivery, EachRecipientHasThePeersWordForIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"good", "bad", "slow"}, "H: x\r\n\r\nbody\r\n");
    std::string heard;
    const Script script = after_hello(
        "250-PIPELINING\r\n", {{"DATA\r\n", "250 m\r\n250 r\r\n550 5.1.1 nobody\r\n450 4.2.1 later\r\n354 go\r\n"},
                               {"\r\n.\r\n", "250 2.0.0 taken\r\n"}});
    const auto outcome = co_await deliver(reactor, script, work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(3));
    EXPECT_EQ(outcome.statuses[0].action, Action::delivered);
    EXPECT_EQ(outcome.statuses[0].diagnostic, "250 2.0.0 taken");
    EXPECT_EQ(outcome.statuses[0].remote, "peer[127.0.0.1]:25");
    EXPECT_EQ(outcome.statuses[1].action, Action::failed);
    EXPECT_EQ(outcome.statuses[1].status, (PublicStatus{550, {5, 1, 1}}));
    EXPECT_EQ(outcome.statuses[2].action, Action::deferred);
    EXPECT_EQ(work.times_begun(), 1);
    EXPECT_THAT(heard, HasSubstr("P: 1\r\nH: x\r\n\r\nbody\r\n.\r\n"));
  });
}

// What the peer heard of a message with `wish` over a connection on which REQUIRETLS may be said, or not.
Task<TransactionOutcome> deliver_with_wish(Reactor& reactor, bool may_require_tls, bool bounce, std::string& mail) {
  FakeWork work({"a"}, "x\r\n");
  work.edit().envelope.tls = mail::TlsWish::required;
  if (bounce) work.edit().envelope.reverse_path = {};
  std::vector<Script> scripts(1, after_hello("250-REQUIRETLS\r\n", {{"\r\n", "250 m\r\n"},
                                                                    {"\r\n", "250 r\r\n"},
                                                                    {"DATA\r\n", "354 go\r\n"},
                                                                    {".\r\n", "250 2.0.0 taken\r\n"}}));
  ScriptedPeer peer(reactor, std::move(scripts));
  auto connection = co_await connect(reactor, peer);
  connection->may_require_tls = may_require_tls;
  const ReplyRules rules(std::vector<ReplyRule>{});
  auto outcome = co_await deliver_over(*connection, work, rules, Cancel::never());
  co_await connection->client.close();
  co_await peer.stop();
  if (peer.heard().size() > 2) mail = peer.heard()[2];
  co_return std::move(outcome);
}

TEST(SmtpDelivery, RequiretlsIsSaidWhereItMayBeAndNothingGoesWhereItMayNot) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    std::string mail;
    auto outcome = co_await deliver_with_wish(reactor, true, false, mail);
    EXPECT_EQ(outcome.statuses.at(0).action, Action::delivered);
    EXPECT_EQ(mail, "MAIL FROM:<sender@s.example> REQUIRETLS\r\n");
    mail.clear();
    outcome = co_await deliver_with_wish(reactor, false, false, mail);
    EXPECT_EQ(outcome.statuses.at(0).status, (PublicStatus{550, {5, 7, 30}}));
    EXPECT_EQ(mail, "");
    outcome = co_await deliver_with_wish(reactor, true, true, mail);
    EXPECT_EQ(mail, "MAIL FROM:<> REQUIRETLS\r\n");
    outcome = co_await deliver_with_wish(reactor, false, true, mail);
    EXPECT_EQ(outcome.statuses.at(0).action, Action::delivered) << "a bounce is not discarded";
    EXPECT_EQ(mail, "MAIL FROM:<>\r\n");
  });
}

TEST(SmtpDelivery, LmtpRecipientsHaveTheirOwnFinalWord) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a", "b", "c"}, "x\r\n");
    std::string heard;
    const Script script = after_hello("250-PIPELINING\r\n",
                                      {{"DATA\r\n", "250 m\r\n250 r\r\n550 5.1.1 no\r\n250 r\r\n354 go\r\n"},
                                       {".\r\n", "250 2.0.0 ok\r\n552 5.2.2 full\r\n"}},
                                      "LHLO");
    const auto outcome = co_await deliver(reactor, script, work, heard, smtp::Dialect::lmtp);
    EXPECT_THAT(outcome.statuses, SizeIs(3));
    EXPECT_EQ(outcome.statuses[0].action, Action::delivered);
    EXPECT_EQ(outcome.statuses[1].status, (PublicStatus{550, {5, 1, 1}}));
    EXPECT_EQ(outcome.statuses[2].status, (PublicStatus{552, {5, 2, 2}}));
    EXPECT_EQ(outcome.statuses[2].action, Action::failed);
  });
}

TEST(SmtpDelivery, LmtpRepliesThatCameBeforeTheBreakCount) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a", "b"}, "x\r\n");
    std::string heard;
    const Script script = after_hello(
        "250-PIPELINING\r\n",
        {{"DATA\r\n", "250 m\r\n250 r\r\n250 r\r\n354 go\r\n"}, {".\r\n", "250 2.0.0 ok\r\n", true}}, "LHLO");
    const auto outcome = co_await deliver(reactor, script, work, heard, smtp::Dialect::lmtp);
    EXPECT_THAT(outcome.statuses, SizeIs(2));
    EXPECT_EQ(outcome.statuses[0].action, Action::delivered);
    EXPECT_EQ(outcome.statuses[1].action, Action::deferred);
    EXPECT_EQ(outcome.statuses[1].status.enhanced, (EnhancedCode{4, 4, 2}));
  });
}

TEST(SmtpDelivery, WhoOffersDsnReportsSuccessOnItsOwn) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    struct Case {
      const char* extension;
      smtp::Dialect dialect;
      mail::Handover handover;
    };
    const Case cases[] = {{"250-DSN\r\n", smtp::Dialect::smtp, mail::Handover::with_dsn},
                          {"250-SIZE\r\n", smtp::Dialect::smtp, mail::Handover::relayed},
                          {"250-DSN\r\n", smtp::Dialect::lmtp, mail::Handover::with_dsn},
                          {"250-SIZE\r\n", smtp::Dialect::lmtp, mail::Handover::final_delivery}};
    for (const Case& each : cases) {
      FakeWork work({"a"}, "x\r\n");
      std::string heard;
      const bool lmtp = each.dialect == smtp::Dialect::lmtp;
      const Script script = after_hello(std::string("250-PIPELINING\r\n") + each.extension,
                                        {{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "250 2.0.0 ok\r\n"}},
                                        lmtp ? "LHLO" : "EHLO");
      const auto outcome = co_await deliver(reactor, script, work, heard, each.dialect);
      EXPECT_THAT(outcome.statuses, SizeIs(1));
      EXPECT_EQ(outcome.statuses[0].handover, each.handover) << each.extension;
    }
  });
}

TEST(SmtpDelivery, AFinalReplyThatNeverCameIsTriedAgain) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a"}, "x\r\n");
    std::string heard;
    const Script script =
        after_hello("250-PIPELINING\r\n", {{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "", true}});
    const auto outcome = co_await deliver(reactor, script, work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(1));
    EXPECT_EQ(outcome.statuses[0].action, Action::deferred);
    EXPECT_EQ(outcome.statuses[0].status.enhanced, (EnhancedCode{4, 4, 2}));
    EXPECT_FALSE(outcome.session_refused);
  });
}

TEST(SmtpDelivery, AMessageThatWasNotSentIsNotTakenWhateverThePeerSays) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    for (const std::string extension : {"250-PIPELINING\r\n", ""}) {
      for (const std::string answer : {"250 2.0.0 taken as it is\r\n", "221 2.0.0 bye\r\n"}) {
        FakeWork work({"a"}, "x\r\n");
        std::string heard;
        const Script script =
            extension.empty() ? after_hello("", {{"\r\n", "250 m\r\n"}, {"\r\n", "250 r\r\n"}, {"DATA\r\n", answer}})
                              : after_hello(extension, {{"DATA\r\n", "250 m\r\n250 r\r\n" + answer}});
        const auto outcome = co_await deliver(reactor, script, work, heard);
        EXPECT_THAT(outcome.statuses, SizeIs(1));
        EXPECT_EQ(outcome.statuses[0].action, Action::deferred) << answer;
        EXPECT_EQ(outcome.statuses[0].status, (PublicStatus{451, {4, 5, 0}}));
      }
    }
  });
}

TEST(SmtpDelivery, AConnectionThatDiesBeforeAnyReplySaysNothingAboutTheMessage) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    for (const char* last_words : {"", "421 4.4.2 idle too long\r\n"}) {
      FakeWork work({"a"}, "x\r\n");
      std::string heard;
      const Script script = after_hello("250-PIPELINING\r\n", {{"DATA\r\n", last_words, true}});
      const auto outcome = co_await deliver(reactor, script, work, heard);
      EXPECT_TRUE(outcome.session_refused) << last_words;
      EXPECT_THAT(outcome.statuses, SizeIs(1));
      EXPECT_EQ(outcome.statuses[0].action, Action::deferred);
    }
  });
}

TEST(SmtpDelivery, A5xxToMailFailsEverybodyEvenWhenThePeerHangsUp) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a", "b"}, "x\r\n");
    std::string heard;
    const Script script = after_hello("250-PIPELINING\r\n", {{"DATA\r\n", "550 5.7.1 not from you\r\n", true}});
    const auto outcome = co_await deliver(reactor, script, work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(2));
    for (const auto& status : outcome.statuses) EXPECT_EQ(status.status, (PublicStatus{550, {5, 7, 1}}));
    EXPECT_FALSE(outcome.session_refused);
  });
}

TEST(SmtpDelivery, WhatThePeerCannotTakeIsNotSent) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    struct Case {
      const char* keywords;
      const char* body;
      mail::BodyType type;
      bool smtputf8;
      PublicStatus expected;
    };
    const Case cases[] = {
        {"250-SIZE\r\n", "caf\xc3\xa9\r\n", mail::BodyType::eight_bit, false, {554, {5, 6, 3}}},
        {"250-8BITMIME\r\n", "x\r\n", mail::BodyType::seven_bit, true, {553, {5, 6, 7}}},
        {"250-8BITMIME\r\n250-CHUNKING\r\n", "x\r\n", mail::BodyType::binary, false, {554, {5, 6, 1}}},
        {"250-BINARYMIME\r\n", "x\r\n", mail::BodyType::binary, false, {554, {5, 6, 1}}},
        {"250-8BITMIME\r\n", "a\nb\r\n", mail::BodyType::seven_bit, false, {554, {5, 6, 1}}},
        {"250-SIZE 10\r\n", "longer than ten\r\n", mail::BodyType::seven_bit, false, {552, {5, 3, 4}}},
    };
    for (const Case& each : cases) {
      FakeWork work({"a", "b"}, each.body);
      work.edit().envelope.body = each.type;
      work.edit().envelope.smtputf8 = each.smtputf8;
      std::string heard;
      const Script script = after_hello(each.keywords, {});
      const auto outcome = co_await deliver(reactor, script, work, heard);
      EXPECT_EQ(heard, "") << each.keywords;
      EXPECT_THAT(outcome.statuses, SizeIs(2));
      for (const auto& status : outcome.statuses) {
        EXPECT_EQ(status.status, each.expected) << each.keywords;
        EXPECT_EQ(status.action, Action::failed);
      }
    }
  });
}

TEST(SmtpDelivery, ABodyThatIsNoLinesGoesByBdat) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a"}, "no\nlines");
    work.edit().envelope.body = mail::BodyType::binary;
    std::string heard;
    const Script script = after_hello("250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n",
                                      {{"RCPT TO:<a@d.example>\r\n", "250 m\r\n250 r\r\n"}, {"lines", "250 ok\r\n"}});
    const auto outcome = co_await deliver(reactor, script, work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(1));
    EXPECT_EQ(outcome.statuses[0].action, Action::delivered);
    EXPECT_THAT(heard, HasSubstr("BODY=BINARYMIME"));
    EXPECT_THAT(heard, HasSubstr("BDAT 14 LAST\r\nP: 1\r\nno\nlines"));
  });
}

TEST(SmtpDelivery, DsnWishesAreHandedOnWhereTheyAreUnderstood) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    for (const bool offered : {true, false}) {
      FakeWork work({"a"}, "x\r\n");
      work.edit().envelope.ret = mail::DsnReturn::headers;
      work.edit().envelope.envelope_id = "id1";
      work.edit().envelope.recipients[0].notify.bits = mail::Notify::failure | mail::Notify::delay;
      work.edit().envelope.recipients[0].original_recipient = "rfc822;a@o.example";
      std::string heard;
      const Script script = after_hello(offered ? "250-PIPELINING\r\n250-DSN\r\n" : "250-PIPELINING\r\n",
                                        {{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "250 ok\r\n"}});
      const auto outcome = co_await deliver(reactor, script, work, heard);
      EXPECT_THAT(outcome.statuses, SizeIs(1));
      EXPECT_EQ(heard.find("MAIL FROM:<sender@s.example> RET=HDRS ENVID=id1\r\n") != std::string::npos, offered);
      EXPECT_EQ(
          heard.find("RCPT TO:<a@d.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@o.example\r\n") != std::string::npos,
          offered);
    }
  });
}

TEST(SmtpDelivery, RecipientsBeyondWhatThePeerTakesAtOnceAreLeftForTheNextTransaction) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork limited({"a", "b", "c"}, "x\r\n");
    std::string heard;
    const Script script = after_hello("250-PIPELINING\r\n250-LIMITS RCPTMAX=2\r\n",
                                      {{"DATA\r\n", "250 m\r\n250 r\r\n250 r\r\n354 go\r\n"}, {".\r\n", "250 ok\r\n"}});
    auto outcome = co_await deliver(reactor, script, limited, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(2));
    FakeWork surprised({"a", "b"}, "x\r\n");
    const Script another =
        after_hello("250-PIPELINING\r\n",
                    {{"DATA\r\n", "250 m\r\n250 r\r\n452 4.5.3 too many\r\n354 go\r\n"}, {".\r\n", "250 ok\r\n"}});
    outcome = co_await deliver(reactor, another, surprised, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(1));
    EXPECT_EQ(outcome.statuses[0].recipient, 0U);
  });
}

TEST(SmtpDelivery, ABodyThatCannotBeReadIsNotTheEndOfTheMessage) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a"}, std::string(1000, 'x') + "\r\n");
    work.lose_end_of_body();
    std::string heard;
    const Script script =
        after_hello("250-PIPELINING\r\n", {{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {"\r\n.\r\n", "250 ok\r\n"}});
    const auto outcome = co_await deliver(reactor, script, work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(1));
    EXPECT_EQ(outcome.statuses[0].action, Action::deferred);
    EXPECT_EQ(outcome.statuses[0].status.enhanced, (EnhancedCode{4, 3, 0}));
    EXPECT_FALSE(heard.ends_with("\r\n.\r\n"));
  });
}

TEST(SmtpDelivery, APeerThatWantsTlsFirstDoesNotMakeAMessageBounce) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    FakeWork work({"a"}, "H: x\r\n\r\nbody\r\n");
    std::string heard;
    Script script = after_hello("250-PIPELINING\r\n250-STARTTLS\r\n", {});
    script.push_back(Step{"DATA\r\n", "530 5.7.0 STARTTLS first\r\n530 5.7.0 STARTTLS first\r\n503 5.5.1 no\r\n"});
    const auto outcome = co_await deliver(reactor, std::move(script), work, heard);
    EXPECT_THAT(outcome.statuses, SizeIs(1));
    if (!outcome.statuses.empty()) {
      EXPECT_EQ(outcome.statuses[0].action, Action::deferred);
      EXPECT_EQ(outcome.statuses[0].status, (PublicStatus{451, {4, 7, 10}}));
      EXPECT_THAT(outcome.statuses[0].diagnostic, HasSubstr("530 5.7.0 STARTTLS first"));
    }
  });
}

TEST(SmtpDelivery, AnOperatorsRulesDecideAgainstTheCode) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    std::vector<std::string> names;
    for (const char* name : {"good", "passes", "never", "fast"}) names.emplace_back(name);
    FakeWork work(names, "H: x\r\n\r\nbody\r\n");
    std::string heard;
    Script script = after_hello("250-PIPELINING\r\n", {});
    script.push_back(test::Step{"DATA\r\n",
                                "250 m\r\n250 r\r\n550 5.7.1 please ASK AGAIN\r\n450 4.2.1 gone\r\n"
                                "451 4.7.1 rate limit\r\n354 go\r\n"});
    script.push_back(test::Step{"\r\n.\r\n", "250 taken\r\n"});
    const auto outcome = co_await deliver(reactor, std::move(script), work, heard);
    EXPECT_EQ(outcome.statuses.size(), 4U);
    if (outcome.statuses.size() != 4) co_return;
    EXPECT_EQ(outcome.statuses[0].action, mail::Action::delivered);
    EXPECT_EQ(outcome.statuses[1].action, mail::Action::deferred);
    EXPECT_EQ(outcome.statuses[1].status, (PublicStatus{450, {4, 7, 1}}));
    EXPECT_EQ(outcome.statuses[2].action, mail::Action::failed);
    EXPECT_EQ(outcome.statuses[2].status, (PublicStatus{550, {5, 2, 1}}));
    EXPECT_EQ(outcome.statuses[3].action, mail::Action::deferred);
    EXPECT_EQ(outcome.slow_down, "451 4.7.1 rate limit");
  });
}

}  // namespace
}  // namespace ringpost::relay
