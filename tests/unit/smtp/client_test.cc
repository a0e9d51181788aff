#include "smtp/client.h"

#include <gmock/gmock.h>

#include <string>

#include "io/connection.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::smtp {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Deadline soon() { return Deadline::after(seconds(10)); }

Task<std::unique_ptr<Client>> connect(Reactor& reactor, const ScriptedPeer& peer) {
  auto stream = co_await io::Connection::connect(reactor, peer.address(), {}, soon(), Cancel::never());
  EXPECT_TRUE(stream.has_value());
  co_return std::make_unique<Client>(std::move(*stream));
}

// Greeting and EHLO, for scripts that begin with them.
Task<std::unique_ptr<Client>> greeted(Reactor& reactor, const ScriptedPeer& peer, Dialect dialect = Dialect::smtp) {
  auto client = co_await connect(reactor, peer);
  auto greeting = co_await client->greeting(soon(), Cancel::never());
  EXPECT_TRUE(greeting.has_value());
  auto hello = co_await client->hello("c.example", dialect, soon(), Cancel::never());
  EXPECT_TRUE(hello.has_value());
  co_return client;
}

struct Letter {
  MailCommand mail;
  std::vector<mail::Recipient> recipients;
  std::vector<const mail::Recipient*> pointers;

  explicit Letter(std::vector<std::string> locals) {
    mail.reverse_path = {"a", "b.example"};
    for (std::string& local : locals) recipients.push_back({.address = {local, "d.example"}, .notify = {}, .original_recipient = {}});
    for (const mail::Recipient& recipient : recipients) pointers.push_back(&recipient);
  }
};

Task<TransactionReplies> say(Client& client, const Letter& letter, Transfer transfer = Transfer::data) {
  auto begun = co_await client.begin(letter.mail, letter.pointers, transfer, soon(), Cancel::never());
  EXPECT_TRUE(begun.has_value());
  co_return co_await client.replies(soon(), Cancel::never());
}

Task<FinalReplies> send(Client& client, std::string_view prefix, std::string_view body, bool dots = false, bool crlf = true) {
  MemoryBody source(body);
  const Content content{.prefix = prefix, .body = &source, .body_octets = body.size(), .dot_at_line_start = dots, .ends_with_crlf = crlf};
  co_return co_await client.data(content, soon(), Cancel::never());
}

const test::Step hello_plain{"EHLO c.example\r\n", "250 hi\r\n"};
const test::Step hello_pipelining{"EHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"};
const test::Step hello_chunking{"EHLO c.example\r\n", "250-hi\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"};
const test::Step greet{"", "220 hi\r\n"};

TEST(Client, SaysTheWholeGroupAtOnceWherePipeliningIsOffered) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining,
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
    EXPECT_THAT(peer.heard(), ElementsAre("", "EHLO c.example\r\n",
                                          "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n",
                                          "P: 1\r\n\r\nbody\r\n.\r\n", "QUIT\r\n"));
  });
}

TEST(Client, WaitsForEachReplyWithoutPipelining) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_plain,
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
    EXPECT_THAT(peer.heard(), ElementsAre("", "EHLO c.example\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<c@d.example>\r\n",
                                          "DATA\r\n", "x\r\n.\r\n"));
  });
}

TEST(Client, FallsBackToHeloAndThenOffersNothing) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, {"EHLO c.example\r\n", "502 what\r\n"}, {"HELO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"}}});
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
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, accepted, {"\r\n.\r\n", "250 ok\r\n"}, accepted, {"\r\n.\r\n", "250 ok\r\n"}}});
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
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {"\r\n.\r\n", "250 ok\r\n"}}});
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
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {"\r\n.\r\n", "250 ok\r\n"}}});
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
    ScriptedPeer peer(reactor, {Script{greet, hello_chunking, {"RCPT TO:<c@d.example>\r\n", "250 m\r\n250 r\r\n"}, {"no end", "250 ok\r\n"}}});
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
    ScriptedPeer peer(reactor, {Script{greet, {"LHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"},
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
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n550 no\r\n354 go\r\n"}, {".\r\n", "554 nobody\r\n"},
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
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n550 no\r\n554 nobody\r\n"},
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

TEST(Client, KeepsTheRepliesThatCameBeforeTheConnectionBroke) {
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

TEST(Client, A421EndsTheSessionWithTheRepliesStillDue) {
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

TEST(Client, ARefusalInTheMiddleOfTheMessageIsHeard) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n552 5.3.4 too much\r\n", true}}});
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

TEST(Client, AFinalReplyThatNeverComesLeavesAnError) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "", true}}});
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

TEST(Client, AReplyNobodyAskedForIsNotTakenForTheNextAnswer) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_pipelining, {"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"}, {".\r\n", "250 ok\r\n250 forged\r\n"}}});
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

TEST(Client, NoiseAndEndlessRepliesEndTheConnection) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    std::string endless;
    for (int i = 0; i < 200; ++i) endless += "250-and more\r\n";
    ScriptedPeer peer(reactor, {Script{{"", "HTTP/1.1 400 Bad Request\r\n\r\n"}}, Script{greet, {"EHLO c.example\r\n", endless}}});
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

TEST(Client, AnAddressThatHoldsALineEndIsNeverSaid) {
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

TEST(Client, AServerThatSaysNothingTimesOut) {
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
