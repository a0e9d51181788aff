// What the tests of the client share: a client greeted by a scripted peer, a letter, and the two steps of sending it.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "io/connection.h"
#include "smtp/client.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::smtp {

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

inline Deadline soon() {
  return Deadline::after(seconds(10));
}

inline Task<std::unique_ptr<Client>> connect(Reactor& reactor, const ScriptedPeer& peer) {
  auto stream = co_await io::Connection::connect(reactor, peer.address(), {}, soon(), Cancel::never());
  EXPECT_TRUE(stream.has_value());
  co_return std::make_unique<Client>(std::move(*stream));
}

// Greeting and EHLO, for scripts that begin with them.
inline Task<std::unique_ptr<Client>> greeted(Reactor& reactor, const ScriptedPeer& peer,
                                             Dialect dialect = Dialect::smtp) {
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
    for (std::string& local : locals)
      recipients.push_back({.address = {local, "d.example"}, .notify = {}, .original_recipient = {}});
    for (const mail::Recipient& recipient : recipients) pointers.push_back(&recipient);
  }
};

inline Task<TransactionReplies> say(Client& client, const Letter& letter, Transfer transfer = Transfer::data) {
  auto begun = co_await client.begin(letter.mail, letter.pointers, transfer, soon(), Cancel::never());
  EXPECT_TRUE(begun.has_value());
  co_return co_await client.replies(soon(), Cancel::never());
}

inline Task<FinalReplies> send(Client& client, std::string_view prefix, std::string_view body, bool dots = false,
                               bool crlf = true) {
  MemoryBody source(body);
  const Content content{
      .prefix = prefix, .body = &source, .body_octets = body.size(), .dot_at_line_start = dots, .ends_with_crlf = crlf};
  co_return co_await client.data(content, soon(), Cancel::never());
}

inline const test::Step hello_plain{"EHLO c.example\r\n", "250 hi\r\n"};
inline const test::Step hello_pipelining{"EHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"};
inline const test::Step hello_chunking{"EHLO c.example\r\n",
                                       "250-hi\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"};
inline const test::Step greet{"", "220 hi\r\n"};

}  // namespace ringpost::smtp
