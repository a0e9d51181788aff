#include "relay/connection_pool.h"

#include <gtest/gtest.h>

#include "io/connection.h"
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

Task<std::unique_ptr<OutboundConnection>> connect(Reactor& reactor, const ScriptedPeer& peer) {
  auto stream =
      co_await io::Connection::connect(reactor, peer.address(), {}, Deadline::after(seconds(5)), Cancel::never());
  EXPECT_TRUE(stream.has_value());
  auto connection = std::make_unique<OutboundConnection>(std::move(*stream), smtp::Waits{}, "peer");
  auto greeting = co_await connection->client.greeting(Deadline::after(seconds(5)), Cancel::never());
  EXPECT_TRUE(greeting.has_value());
  co_return connection;
}

io::Sleep pause(Reactor& reactor, int ms) {
  return {reactor, Deadline::after(milliseconds(ms)), Cancel::never()};
}

const auto any = [](const OutboundConnection&) { return true; };
const Script polite{{"", "220 hi\r\n"}, {"QUIT\r\n", "221 bye\r\n", true}};

TEST(ConnectionPool, GivesBackTheConnectionUsedLastAndQuitsTheRestInTime) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {polite, polite});
    io::Scope scope(reactor);
    ConnectionPool pool(reactor, scope, milliseconds(50));
    auto older = co_await connect(reactor, peer);
    auto newer = co_await connect(reactor, peer);
    OutboundConnection* const expected = newer.get();
    pool.put("k", std::move(older));
    pool.put("k", std::move(newer));
    EXPECT_EQ(pool.take("other", any), nullptr);
    auto taken = pool.take("k", any);
    EXPECT_EQ(taken.get(), expected);
    EXPECT_EQ(pool.idle("k"), 1U);
    co_await pause(reactor, 200);
    EXPECT_EQ(pool.size(), 0U);
    co_await taken->client.close();
    co_await scope.close();
    co_await peer.stop();
    EXPECT_EQ(peer.all_heard(0), "QUIT\r\n");
    EXPECT_EQ(peer.all_heard(1), "");
  });
}

TEST(ConnectionPool, GivesOutOnlyWhatWillDo) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {polite, polite});
    io::Scope scope(reactor);
    ConnectionPool pool(reactor, scope, seconds(10));
    for (const char* host : {"mx1", "mx2"}) {
      auto connection = co_await connect(reactor, peer);
      connection->standing.host = host;
      pool.put("k", std::move(connection));
    }
    const auto at = [](std::string host) {
      return [host](const OutboundConnection& connection) { return connection.standing.host == host; };
    };
    EXPECT_EQ(pool.take("k", at("mx3")), nullptr);
    EXPECT_FALSE(pool.any("k", at("mx3")));
    EXPECT_TRUE(pool.any("k", at("mx1")));
    auto taken = pool.take("k", at("mx1"));  // the older one
    EXPECT_TRUE(taken && taken->standing.host == "mx1");
    EXPECT_EQ(pool.idle("k"), 1U);
    if (taken) co_await taken->client.close();
    pool.close_all();
    co_await scope.close();
    co_await peer.stop();
  });
}

TEST(ConnectionPool, AConnectionWhosePeerHasGoneOrSpokenIsNotGivenOut) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(
        reactor, {Script{{"", "220 hi\r\n"}, {"", "", true}}, Script{{"", "220 hi\r\n"}, {"", "421 4.4.2 bye\r\n"}}});
    io::Scope scope(reactor);
    ConnectionPool pool(reactor, scope, seconds(10));
    for (int i = 0; i < 2; ++i) {
      auto connection = co_await connect(reactor, peer);
      co_await pause(reactor, 20);
      pool.put("k", std::move(connection));
    }
    EXPECT_EQ(pool.take("k", any), nullptr);
    EXPECT_EQ(pool.size(), 0U);
    co_await scope.close();
    co_await peer.stop();
  });
}

TEST(ConnectionPool, TheOldestGoesWhenItIsFull) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {polite, polite, polite});
    io::Scope scope(reactor);
    ConnectionPool pool(reactor, scope, seconds(10), 2);
    for (const char* key : {"a", "b", "c"}) {
      auto connection = co_await connect(reactor, peer);
      pool.put(key, std::move(connection));
    }
    EXPECT_EQ(pool.size(), 2U);
    EXPECT_EQ(pool.idle("a"), 0U);
    EXPECT_EQ(pool.idle("c"), 1U);
    co_await pause(reactor, 50);
    pool.close_all();
    co_await scope.join();
    co_await peer.stop();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(peer.all_heard(i), "QUIT\r\n") << i;
  });
}

}  // namespace
}  // namespace ringpost::relay
