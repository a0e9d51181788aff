#include <gmock/gmock.h>

#include <string>

#include "smtp/client.h"
#include "smtp/client_talk.h"

namespace ringpost::smtp {
namespace {

TEST(ClientInTrouble, KeepsTheRepliesThatCameBeforeTheConnectionBroke) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n550 5.1.1 no\r\n25", true}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"x", "c"});
    const auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.broken.has_value());
    EXPECT_FALSE(replies.ready);
    EXPECT_EQ(replies.recipients[0].code(), 550);
    EXPECT_TRUE(replies.recipients[1].empty());
    EXPECT_FALSE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, A421EndsTheSessionWithTheRepliesStillDue) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "421 4.3.2 going down\r\n", true}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    const auto replies = co_await say(*client, letter);
    EXPECT_EQ(replies.mail.code(), 421);
    EXPECT_FALSE(replies.ready);
    EXPECT_FALSE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, ARefusalInTheMiddleOfTheMessageIsHeard) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor,
        {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n552 5.3.4 too much\r\n", true}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    const auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    co_await io::Sleep(reactor, Deadline::after(std::chrono::milliseconds(20)), Cancel::never());
    const std::string body(4 << 20, 'x');
    const auto last = co_await send(*client, "", body);
    EXPECT_EQ(last.replies.size(), 1U);
    if (!last.replies.empty()) {
      EXPECT_EQ(last.replies[0].code(), 552);
    }
    EXPECT_FALSE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, AFinalReplyThatNeverComesLeavesAnError) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "", true}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    const auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    const auto last = co_await send(*client, "", "x\r\n");
    EXPECT_TRUE(last.replies.empty());
    EXPECT_TRUE(last.broken.has_value());
    if (last.broken) {
      EXPECT_EQ(last.broken->kind, ErrorKind::closed);
    }
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, AReplyNobodyAskedForIsNotTakenForTheNextAnswer) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_pipelining,
                                       {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"},
                                       {".\r\n", "250 ok\r\n250 forged\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    const auto last = co_await send(*client, "", "x\r\n");
    EXPECT_EQ(last.replies.size(), 1U);
    EXPECT_TRUE(client->spoke_unasked());
    const auto begun = co_await client->begin(letter.mail, letter.pointers, Transfer::data, soon(), Cancel::never());
    EXPECT_FALSE(begun.has_value());
    EXPECT_FALSE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, NoiseAndEndlessRepliesEndTheConnection) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    std::string endless;
    for (int i = 0; i < 200; ++i) endless += "250-and more\r\n";
    ScriptedPeer peer(
        reactor, {Script{{"", "HTTP/1.1 400 Bad Request\r\n\r\n"}}, Script{greet, {"EHLO c.example\r\n", endless}}});
    auto first = co_await connect(reactor, peer);
    const auto greeting = co_await first->greeting(soon(), Cancel::never());
    EXPECT_FALSE(greeting.has_value());
    EXPECT_FALSE(first->usable());
    auto second = co_await connect(reactor, peer);
    const auto fine = co_await second->greeting(soon(), Cancel::never());
    EXPECT_TRUE(fine.has_value());
    const auto hello = co_await second->hello("c.example", Dialect::smtp, soon(), Cancel::never());
    EXPECT_FALSE(hello.has_value());
    EXPECT_FALSE(second->usable());
    co_await first->close();
    co_await second->close();
    co_await peer.stop();
  });
}

TEST(ClientInTrouble, AnAddressThatHoldsALineEndIsNeverSaid) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining}});
    auto client = co_await greeted(reactor, peer);
    Letter letter({"c"});
    letter.mail.envelope_id = "x";
    letter.recipients[0].address.domain = "d.example>\r\nRCPT TO:<evil@d.example";
    const auto begun = co_await client->begin(letter.mail, letter.pointers, Transfer::data, soon(), Cancel::never());
    EXPECT_FALSE(begun.has_value());
    EXPECT_TRUE(client->usable());
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.all_heard(), "EHLO c.example\r\n");
  });
}

TEST(ClientInTrouble, AServerThatSaysNothingTimesOut) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{{"never", ""}}});
    auto stream = co_await io::Connection::connect(reactor, peer.address(), {}, soon(), Cancel::never());
    EXPECT_TRUE(stream.has_value());
    Client client(std::move(*stream), Waits{.greeting = std::chrono::milliseconds(30)});
    const auto greeting = co_await client.greeting(Deadline::never(), Cancel::never());
    EXPECT_FALSE(greeting.has_value());
    if (!greeting) {
      EXPECT_EQ(greeting.error().kind, ErrorKind::timed_out);
    }
    co_await client.close();
    co_await peer.stop();
  });
}

}  // namespace
}  // namespace ringpost::smtp
