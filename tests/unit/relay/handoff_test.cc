#include "relay/handoff.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "fake_dns.h"
#include "support/one_shard_queue.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;
using test::Step;
using testing::HasSubstr;
using testing::Not;

Script sibling(std::initializer_list<Step> rest, const std::string& token = "c0ffee") {
  Script script{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "250-hi\r\n250-DSN\r\n250 XHANDOFF " + token + "\r\n"}};
  script.insert(script.end(), rest);
  return script;
}
const Step known{"\r\n", "250 2.0.0 ok\r\n"};  // XHANDOFF
const Step sender{"\r\n", "250 2.1.0 ok\r\n"};
const Step recipient{"\r\n", "250 2.1.5 ok\r\n"};
const Step go{"DATA\r\n", "354 go\r\n"};
const Step taken{"\r\n.\r\n", "250 2.0.0 queued as X\r\n"};

/// A queue with one shard whose messages all go to one destination, and nobody who delivers.
class Leaving {
 public:
  explicit Leaving(Reactor& reactor)
      : reactor_(reactor),
        resolver_(reactor, dns_, "c.example"),
        queue_(reactor, {[](const mail::Address&, mail::TlsWish) { return std::string("smtp:d"); }}) {
    options_.hostname = "c.example";
    options_.handoff.connections_max = 1;
    options_.handoff.give_up_after = milliseconds(1500);
  }

  static mail::Envelope letter() {
    mail::Envelope envelope;
    envelope.reverse_path = {"ann", "s.example"};
    envelope.recipients.push_back({.address = {"bob", "d.example"}, .notify = {}, .original_recipient = {}});
    envelope.origin = {"192.0.2.7", "client.example", "ann", "ESMTPSA", "submission", true};
    envelope.received = {1'764'100'000'123};
    return envelope;
  }
  Task<> submit(mail::Envelope envelope) {
    last_id = co_await test::submit(shard(), std::move(envelope), "Subject: x\r\n\r\nwords\r\n", "P: 1\r\n");
  }
  Task<HandOff::Report> hand_over(std::vector<std::string> siblings, Duration at_most = seconds(20)) {
    options_.handoff.siblings = std::move(siblings);
    HandOff handoff(shard(), resolver_, helpers_, options_);
    co_return co_await handoff.run(Deadline::after(at_most), Cancel::never());
  }
  /// Closes the shard; how many messages are left.
  Task<std::uint64_t> close() {
    co_await shard().close();
    for (int i = 0; i < 500 && queue_.gauges().unindexed != 0; ++i) {
      co_await io::Sleep(reactor_, Deadline::after(milliseconds(10)), Cancel::never());
    }
    co_await io::Sleep(reactor_, Deadline::after(milliseconds(100)), Cancel::never());
    co_return queue_.gauges().messages;
  }
  queue::Shard& shard() { return queue_.shard(); }

  MessageId last_id;
  Options options_;

 private:
  Reactor& reactor_;
  io::OffloadPool helpers_{2, 64};
  test::FakeDns dns_;
  DnsResolver resolver_;
  test::OneShardQueue queue_;
};

std::vector<std::string> one(const ScriptedPeer& peer) {
  return std::vector<std::string>(1, peer.url());
}

TEST(HandOff, MessageGoesWithAllTheQueueKnowsOfIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {sibling({known, sender, recipient, go, taken, {"QUIT\r\n", "221 bye\r\n", true}})});
    Leaving node(reactor);
    mail::Envelope letter = Leaving::letter();
    letter.ret = mail::DsnReturn::headers;
    letter.envelope_id = "QQ314159";
    letter.recipients[0].notify.bits = mail::Notify::success;
    letter.recipients[0].original_recipient = "rfc822;b@o.example";
    letter.recipients[0].delay_told = true;
    co_await node.submit(std::move(letter));
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 1U);
    EXPECT_EQ(report.refused, 0U);
    EXPECT_EQ(report.trouble, "");
    EXPECT_EQ(left, 0U);
    const auto& heard = peer.heard();
    EXPECT_EQ(heard.at(2), "XHANDOFF IDENT=" + node.last_id.text() +
                               " TIME=1764100000123 ADDR=192.0.2.7 NAME=client.example PROTO=ESMTPSA LOGIN=ann "
                               "LISTENER=submission TRUST=YES DELAY=TOLD\r\n");
    EXPECT_EQ(heard.at(3), "MAIL FROM:<ann@s.example> RET=HDRS ENVID=QQ314159\r\n");
    EXPECT_EQ(heard.at(4), "RCPT TO:<bob@d.example> NOTIFY=SUCCESS ORCPT=rfc822;b@o.example\r\n");
    EXPECT_EQ(heard.at(6), "P: 1\r\nSubject: x\r\n\r\nwords\r\n.\r\n");
  });
}

TEST(HandOff, WhatIsDeferredForAnHourGoesNow) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {sibling({known, sender, recipient, go, taken})});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    auto attempt = node.shard().scheduler().take("smtp:d", 10);
    EXPECT_TRUE(attempt.has_value());
    std::vector<mail::DeliveryStatus> later(1);
    later[0].diagnostic = "451 later";
    if (attempt) attempt->finish(std::move(later));
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 1U);
    EXPECT_EQ(left, 0U);
  });
}

TEST(HandOff, NothingIsGivenToAStranger) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script stranger{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "250-hi\r\n250 DSN\r\n"}};
    ScriptedPeer peer(reactor, {stranger, stranger, stranger});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 0U);
    EXPECT_THAT(report.trouble, HasSubstr("does not offer XHANDOFF"));
    EXPECT_EQ(left, 1U);
    EXPECT_THAT(peer.all_heard(), Not(HasSubstr("MAIL")));
  });
}

TEST(HandOff, WeAreNotOurOwnSibling) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer us(reactor, std::vector<Script>(5, sibling({}, process_token())));
    ScriptedPeer other(reactor, {sibling({known, sender, recipient, go, taken})});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    std::vector<std::string> both = one(us);
    both.push_back(other.url());
    const auto report = co_await node.hand_over(std::move(both));
    const auto left = co_await node.close();
    co_await us.stop();
    co_await other.stop();
    EXPECT_EQ(report.handed, 1U);
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(us.connections(), 1U);
    EXPECT_THAT(us.all_heard(), Not(HasSubstr("XHANDOFF")));
  });
}

TEST(HandOff, RefusalForGoodLeavesTheMessageAndTheNextGoes) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {sibling({known,
                                         sender,
                                         {"\r\n", "550 5.1.1 who is that\r\n"},
                                         {"RSET\r\n", "250 ok\r\n"},
                                         known,
                                         sender,
                                         recipient,
                                         go,
                                         taken})});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    co_await node.submit(Leaving::letter());
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 1U);
    EXPECT_EQ(report.refused, 1U);
    EXPECT_THAT(report.trouble, HasSubstr("who is that"));
    EXPECT_EQ(left, 1U);  // and no bounce beside it
    EXPECT_EQ(peer.connections(), 1U);
  });
}

TEST(HandOff, SiblingThatLeavesTooIsLeftAloneAndAnotherTakesIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer leaving(reactor, std::vector<Script>(5, sibling({{"\r\n", "421 4.3.2 going down\r\n", true}})));
    ScriptedPeer staying(reactor,
                         {sibling({known, sender, recipient, go, taken, known, sender, recipient, go, taken})});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    co_await node.submit(Leaving::letter());
    std::vector<std::string> both = one(leaving);
    both.push_back(staying.url());
    const auto report = co_await node.hand_over(std::move(both));
    const auto left = co_await node.close();
    co_await leaving.stop();
    co_await staying.stop();
    EXPECT_EQ(report.handed, 2U);
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(leaving.connections(), 1U);
  });
}

TEST(HandOff, ReplyThatNeverCameLeavesTheMessageHereAndItGoesAgain) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {sibling({known, sender, recipient, go, {"\r\n.\r\n", "", true}}),
                                sibling({known, sender, recipient, go, taken})});
    Leaving node(reactor);
    node.options_.handoff.give_up_after = seconds(10);
    co_await node.submit(Leaving::letter());
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 1U);
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(peer.connections(), 2U);
  });
}

TEST(HandOff, NobodyThereLeavesEverythingAndEnds) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    std::string down;
    {
      ScriptedPeer gone(reactor, {});
      down = gone.url();
      co_await gone.stop();
    }
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    const MonotonicTime began = monotonic_now();
    const auto report = co_await node.hand_over(std::vector<std::string>(1, down));
    EXPECT_GE(monotonic_now() - began, milliseconds(1400));
    const auto left = co_await node.close();
    EXPECT_EQ(report.handed, 0U);
    EXPECT_THAT(report.trouble, HasSubstr("refused"));
    EXPECT_EQ(left, 1U);
  });
}

TEST(HandOff, DeadlineBreaksOffWhatIsUnderWay) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer tarpit(reactor, {sibling({known, {"\r\n", ""}})});
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    const auto report = co_await node.hand_over(one(tarpit), milliseconds(300));
    const auto left = co_await node.close();
    co_await tarpit.stop();
    EXPECT_EQ(report.handed, 0U);
    EXPECT_EQ(left, 1U);
  });
}

TEST(HandOff, WhoHasHeardOfTheDelayAndWhoHasNotGoSeparately) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {sibling({known, sender, recipient, go, taken, known, sender, recipient, go, taken})});
    Leaving node(reactor);
    mail::Envelope letter = Leaving::letter();
    letter.recipients.push_back({.address = {"eve", "d.example"}, .notify = {}, .original_recipient = {}});
    letter.recipients[1].delay_told = true;
    co_await node.submit(std::move(letter));
    const auto report = co_await node.hand_over(one(peer));
    const auto left = co_await node.close();
    co_await peer.stop();
    EXPECT_EQ(report.handed, 2U);
    EXPECT_EQ(left, 0U);
    EXPECT_THAT(peer.heard().at(2), Not(HasSubstr("DELAY")));
    EXPECT_THAT(peer.heard().at(7), HasSubstr("DELAY=TOLD"));
    EXPECT_THAT(peer.heard().at(9), HasSubstr("eve@"));
  });
}

TEST(HandOff, WithoutSiblingsNothingHappens) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Leaving node(reactor);
    co_await node.submit(Leaving::letter());
    const auto report = co_await node.hand_over(std::vector<std::string>());
    const auto left = co_await node.close();
    EXPECT_THAT(report.trouble, HasSubstr("no siblings"));
    EXPECT_EQ(left, 1U);
  });
}

}  // namespace
}  // namespace ringpost::relay
