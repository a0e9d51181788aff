#include "smtp/client.h"

#include <gmock/gmock.h>

#include <string>

#include "smtp/client_talk.h"

namespace ringpost::smtp {
namespace {

TEST(Client, SaysTheWholeGroupAtOnceWherePipeliningIsOffered) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_pipelining,
                                       {"DATA\r\n", "250 m\r\n250 r\r\n550 5.1.1 no\r\n354 go\r\n"},
                                       {"\r\n.\r\n", "250 2.0.0 mine\r\n"},
                                       {"QUIT\r\n", "221 bye\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c", "x"});
    const auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    EXPECT_EQ(replies.accepted, 1U);
    EXPECT_EQ(replies.recipients[0].code(), 250);
    EXPECT_EQ(replies.recipients[1].code(), 550);
    EXPECT_EQ(replies.data.code(), 354);
    const auto last = co_await send(*client, "P: 1\r\n", "\r\nbody\r\n");
    EXPECT_EQ(last.replies.size(), 1U);
    if (!last.replies.empty()) {
      EXPECT_EQ(last.replies[0].code(), 250);
    }
    co_await client->quit(soon(), Cancel::never());
    co_await peer.stop();
    EXPECT_THAT(peer.heard(),
                ElementsAre("", "EHLO c.example\r\n",
                            "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n",
                            "P: 1\r\n\r\nbody\r\n.\r\n", "QUIT\r\n"));
  });
}

TEST(Client, WaitsForEachReplyWithoutPipelining) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_plain,
                                       {"MAIL FROM:<a@b.example>\r\n", "250 m\r\n"},
                                       {"RCPT TO:<c@d.example>\r\n", "250 r\r\n"},
                                       {"DATA\r\n", "354 go\r\n"},
                                       {".\r\n", "451 4.3.0 later\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    const auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    const auto last = co_await send(*client, "", "x\r\n");
    EXPECT_EQ(last.replies.size(), 1U);
    if (!last.replies.empty()) {
      EXPECT_EQ(last.replies[0].status(), (PublicStatus{451, {4, 3, 0}}));
    }
    co_await client->close();
    co_await peer.stop();
    EXPECT_THAT(peer.heard(), ElementsAre("", "EHLO c.example\r\n", "MAIL FROM:<a@b.example>\r\n",
                                          "RCPT TO:<c@d.example>\r\n", "DATA\r\n", "x\r\n.\r\n"));
  });
}

TEST(Client, FallsBackToHeloAndThenOffersNothing) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       {"EHLO c.example\r\n", "502 what\r\n"},
                                       {"HELO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    EXPECT_EQ(client->offered(), Extensions{});
    EXPECT_TRUE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(Client, StuffsDotsOnlyWhenToldOfThem) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const test::Step accepted{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"};
    ScriptedPeer peer(
        reactor,
        {Script{
            greet, hello_pipelining, accepted, {"\r\n.\r\n", "250 ok\r\n"}, accepted, {"\r\n.\r\n", "250 ok\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    auto last = co_await send(*client, "P: 1\r\n", ".one\r\n..two\r\nthree.\r\n", true);
    replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    last = co_await send(*client, "", "no.dots\r\n", false);
    EXPECT_EQ(last.replies.size(), 1U);
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[3], "P: 1\r\n..one\r\n...two\r\nthree.\r\n.\r\n");
    EXPECT_EQ(peer.heard()[5], "no.dots\r\n.\r\n");
  });
}

TEST(Client, StuffsADotThatBeginsABlockOfItsOwn) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor,
        {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {"\r\n.\r\n", "250 ok\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    std::string body(64 * 1024 - 2, 'x');
    body += "\r\n.begins the second block\r\n";
    const auto last = co_await send(*client, "", body, true);
    EXPECT_EQ(last.replies.size(), 1U);
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[3], std::string(64 * 1024 - 2, 'x') + "\r\n..begins the second block\r\n.\r\n");
  });
}

TEST(Client, EndsTheLastLineOfABodyThatDoesNot) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor,
        {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {"\r\n.\r\n", "250 ok\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    const auto last = co_await send(*client, "", "no end", false, false);
    EXPECT_EQ(last.replies.size(), 1U);
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[3], "no end\r\n.\r\n");
  });
}

TEST(Client, SendsABodyAsOneChunkWithBdat) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor,
        {Script{greet, hello_chunking, {"RCPT TO:<c@d.example>\r\n", "250 m\r\n250 r\r\n"}, {"no end", "250 ok\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    Letter letter({"c"});
    letter.mail.body = mail::BodyType::binary;
    const auto replies = co_await say(*client, letter, Transfer::bdat);
    EXPECT_TRUE(replies.ready);
    const auto last = co_await send(*client, "P: 1\r\n", ".\r\n\r\nno end", true, false);
    EXPECT_EQ(last.replies.size(), 1U);
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[2], "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<c@d.example>\r\n");
    EXPECT_EQ(peer.heard()[3], "BDAT 17 LAST\r\nP: 1\r\n.\r\n\r\nno end");
  });
}

TEST(Client, LmtpHasAReplyForEachAcceptedRecipient) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       {"LHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"},
                                       {"DATA\r\n", "250 m\r\n250 r\r\n550 no\r\n250 r\r\n354 go\r\n"},
                                       {".\r\n", "250 one\r\n452 4.2.2 full\r\n"}}});
    auto client = co_await greeted(reactor, peer, Dialect::lmtp);
    const Letter letter({"c", "x", "e"});
    const auto replies = co_await say(*client, letter);
    EXPECT_EQ(replies.accepted, 2U);
    const auto last = co_await send(*client, "", "x\r\n");
    EXPECT_FALSE(last.broken.has_value());
    EXPECT_EQ(last.replies.size(), 2U);
    if (last.replies.size() == 2) {
      EXPECT_EQ(last.replies[0].code(), 250);
      EXPECT_EQ(last.replies[1].code(), 452);
    }
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(Client, GivesAnEmptyMessageToAServerThatTakesDataForNobody) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_pipelining,
                                       {"DATA\r\n", "250 m\r\n550 no\r\n354 go\r\n"},
                                       {".\r\n", "554 nobody\r\n"},
                                       {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    EXPECT_FALSE(replies.ready);
    EXPECT_TRUE(client->usable());
    replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    co_await client->close();
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[3], ".\r\n");
    EXPECT_THAT(peer.heard()[4], StartsWith("MAIL"));
  });
}

TEST(Client, ResetsATransactionThatCameToNothingBeforeTheNext) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_pipelining,
                                       {"DATA\r\n", "250 m\r\n550 no\r\n554 nobody\r\n"},
                                       {"DATA\r\n", "250 reset\r\n250 m\r\n250 r\r\n354 go\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const Letter letter({"c"});
    auto replies = co_await say(*client, letter);
    EXPECT_FALSE(replies.ready);
    EXPECT_EQ(replies.data.code(), 554);
    replies = co_await say(*client, letter);
    EXPECT_TRUE(replies.ready);
    co_await client->close();
    co_await peer.stop();
    EXPECT_THAT(peer.heard()[3], StartsWith("RSET\r\nMAIL"));
  });
}

}  // namespace
}  // namespace ringpost::smtp
