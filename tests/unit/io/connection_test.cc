#include "io/connection.h"

#include <gtest/gtest.h>

#include <string>

#include "io/listener.h"
#include "support/run_on_reactor.h"
#include "telemetry/metrics.h"

namespace ringpost::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pair {
  std::unique_ptr<Connection> client, server;
};

Task<Pair> make_pair(Reactor& reactor) {
  auto socket = open_listening_socket(*SocketAddress::parse("127.0.0.1:0"), 16);
  EXPECT_TRUE(socket.has_value());
  Acceptor acceptor(reactor, std::move(*socket));
  Pair pair;
  auto client =
      co_await Connection::connect(reactor, acceptor.address(), {}, Deadline::after(seconds(5)), Cancel::never());
  EXPECT_TRUE(client.has_value());
  auto accepted = co_await acceptor.next(Cancel::never());
  EXPECT_TRUE(accepted.has_value());
  pair.client = std::move(*client);
  pair.server = std::make_unique<Connection>(reactor, std::move(*accepted));
  co_await acceptor.stop();
  co_return pair;
}

TEST(Connection, CarriesOctetsBothWaysAndTellsTheEnd) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Pair pair = co_await make_pair(reactor);
    auto sent = co_await pair.client->send("hello", Deadline::after(seconds(5)), Cancel::never());
    EXPECT_TRUE(sent.has_value());
    auto received = co_await pair.server->receive(Deadline::after(seconds(5)), Cancel::never());
    EXPECT_TRUE(received.has_value());
    EXPECT_EQ(received->view(), "hello");
    received = Slice();
    co_await pair.client->close();
    auto end = co_await pair.server->receive(Deadline::after(seconds(5)), Cancel::never());
    EXPECT_TRUE(end.has_value());
    EXPECT_TRUE(end->empty());
    co_await pair.server->close();
    EXPECT_EQ(reactor.receive_buffers().free(), reactor.receive_buffers().total());
  });
}

TEST(Connection, AReceiveEndsAtItsDeadlineAndCanBeRepeated) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Pair pair = co_await make_pair(reactor);
    const auto before = monotonic_now();
    auto nothing = co_await pair.server->receive(Deadline::after(milliseconds(30)), Cancel::never());
    EXPECT_FALSE(nothing.has_value());
    if (!nothing) {
      EXPECT_EQ(nothing.error().kind, ErrorKind::timed_out);
    }
    EXPECT_GE(monotonic_now() - before, milliseconds(29));
    static_cast<void>(co_await pair.client->send("late", Deadline::never(), Cancel::never()));
    auto received = co_await pair.server->receive(Deadline::after(seconds(5)), Cancel::never());
    EXPECT_TRUE(received.has_value());
    if (received) {
      EXPECT_EQ(received->view(), "late");
    }
    received = Slice();
    co_await pair.client->close();
    co_await pair.server->close();
  });
}

Task<> cancel_soon(Reactor& reactor, CancelSource& source) {
  co_await Sleep(reactor, Deadline::after(milliseconds(10)), Cancel::never());
  source.request();
}

TEST(Connection, AReceiveEndsWhenItIsCancelled) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Pair pair = co_await make_pair(reactor);
    CancelSource source;
    Scope scope(reactor);
    scope.spawn(cancel_soon(reactor, source));
    auto nothing = co_await pair.server->receive(Deadline::never(), source);
    EXPECT_FALSE(nothing.has_value());
    if (!nothing) {
      EXPECT_EQ(nothing.error().kind, ErrorKind::cancelled);
    }
    co_await scope.join();
    co_await pair.client->close();
    co_await pair.server->close();
  });
}

Task<> send_all(Connection& connection, std::string octets, bool& done) {
  auto sent = co_await connection.send(octets, Deadline::after(seconds(20)), Cancel::never());
  EXPECT_TRUE(sent.has_value());
  done = true;
}

TEST(Connection, AFastSenderIsHeldBackAndNothingIsLost) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Pair pair = co_await make_pair(reactor);
    // Far more than all receive buffers together, read slowly at first.
    std::string octets(8 << 20, '\0');
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(i * 31 + i / 4096);
    bool done = false;
    Scope scope(reactor);
    scope.spawn(send_all(*pair.client, octets, done));
    co_await Sleep(reactor, Deadline::after(milliseconds(50)), Cancel::never());
    EXPECT_FALSE(done);
    EXPECT_GT(reactor.receive_buffers().free(), 0U);
    std::string got;
    std::vector<Slice> hoarded;
    while (got.size() < octets.size()) {
      auto slice = co_await pair.server->receive(Deadline::after(seconds(20)), Cancel::never());
      EXPECT_TRUE(slice.has_value() && !slice->empty());
      if (!slice || slice->empty()) break;
      got += slice->view();
      hoarded.push_back(std::move(*slice));
      if (hoarded.size() > 40) hoarded.clear();
    }
    EXPECT_TRUE(got == octets);
    hoarded.clear();
    co_await scope.join();
    EXPECT_TRUE(done);
    co_await pair.client->close();
    co_await pair.server->close();
    EXPECT_EQ(reactor.receive_buffers().free(), reactor.receive_buffers().total());
  });
}

Task<> drain(Connection& connection, std::size_t octets, std::size_t& drained) {
  std::size_t got = 0;
  while (got < octets) {
    auto slice = co_await connection.receive(Deadline::after(seconds(20)), Cancel::never());
    EXPECT_TRUE(slice.has_value() && !slice->empty());
    if (!slice || slice->empty()) break;
    got += slice->size();
  }
  drained += got;
}

constexpr std::size_t octets_of_each = 200'000;

/// Twelve fast senders at once, to readers who hold nothing. `drained`: how many octets came.
void drain_twelve(const Options& options, std::size_t& drained) {
  const auto body = [](Reactor& reactor, std::size_t& sum) -> Task<> {
    Scope scope(reactor);
    std::vector<Pair> pairs;
    bool done[12] = {};
    for (auto& one : done) {
      Pair pair = co_await make_pair(reactor);
      pairs.push_back(std::move(pair));
      scope.spawn(send_all(*pairs.back().client, std::string(octets_of_each, 'x'), one));
      scope.spawn(drain(*pairs.back().server, octets_of_each, sum));
    }
    co_await scope.join();
    for (auto& pair : pairs) {
      co_await pair.client->close();
      co_await pair.server->close();
    }
  };
  test::run_on_reactor_with(options, body, drained);
}

TEST(Connection, BuffersThatRunOutComeBackToThoseWhoWait) {
  auto options = test::small_reactor();
  options.receive_buffers = 4;
  std::size_t drained = 0;
  drain_twelve(options, drained);
  EXPECT_EQ(drained, 12 * octets_of_each);
}

TEST(Connection, WhatFewOfferedBuffersDoNotHoldComesInTheNextTurn) {
  auto options = test::small_reactor();
  options.receive_buffers = 64;
  options.receive_buffers_offered = 2;
  const auto before = telemetry::counters().buffer_ring_empty_total.value();
  std::size_t drained = 0;
  drain_twelve(options, drained);
  EXPECT_EQ(drained, 12 * octets_of_each);
  EXPECT_EQ(telemetry::counters().buffer_ring_empty_total.value(), before);  // there were free ones all the time
}

Task<> receive_one(Connection& connection, bool& received) {
  auto octets = co_await connection.receive(Deadline::after(seconds(5)), Cancel::never());
  received = octets.has_value() && !octets->empty();
}

TEST(Connection, AFreeBufferGoesToWhoHasSomethingToReceiveNotToWhoAskedFirst) {
  Options two_buffers = test::small_reactor();
  two_buffers.receive_buffers = 2;
  test::run_on_reactor_with(two_buffers, [](Reactor& reactor) -> Task<> {
    Pair hoarder = co_await make_pair(reactor);
    Pair silent[3];
    for (Pair& pair : silent) pair = co_await make_pair(reactor);
    Pair busy = co_await make_pair(reactor);
    std::vector<Slice> hoarded;
    while (hoarded.size() < 2) {
      static_cast<void>(co_await hoarder.client->send("x", Deadline::never(), Cancel::never()));
      auto slice = co_await hoarder.server->receive(Deadline::after(seconds(5)), Cancel::never());
      EXPECT_TRUE(slice.has_value());
      if (!slice) break;
      hoarded.push_back(std::move(*slice));
    }
    EXPECT_EQ(reactor.receive_buffers().free(), 0U);
    const auto empty_before = telemetry::counters().buffer_ring_empty_total.value();
    Scope scope(reactor);
    bool silent_received[3] = {}, received = false;
    for (int i = 0; i < 3; ++i) scope.spawn(receive_one(*silent[i].server, silent_received[i]));
    scope.spawn(receive_one(*busy.server, received));
    static_cast<void>(co_await busy.client->send("hello", Deadline::never(), Cancel::never()));
    co_await Sleep(reactor, Deadline::after(milliseconds(20)), Cancel::never());
    EXPECT_FALSE(received);
    EXPECT_GT(telemetry::counters().buffer_ring_empty_total.value(), empty_before);
    hoarded.pop_back();
    co_await Sleep(reactor, Deadline::after(milliseconds(200)), Cancel::never());
    EXPECT_TRUE(received);
    for (Pair& pair : silent) co_await pair.client->close();
    co_await scope.join();
    EXPECT_FALSE(silent_received[0] || silent_received[1] || silent_received[2]);
    hoarded.clear();
    for (Pair& pair : silent) co_await pair.server->close();
    for (Pair* pair : {&hoarder, &busy}) {
      co_await pair->client->close();
      co_await pair->server->close();
    }
  });
}

TEST(Connection, ARefusedConnectSaysSo) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    auto socket = open_listening_socket(*SocketAddress::parse("127.0.0.1:0"), 1);
    const SocketAddress address = SocketAddress::of_local(socket->get());
    *socket = FileDescriptor();
    auto connection = co_await Connection::connect(reactor, address, {}, Deadline::after(seconds(5)), Cancel::never());
    EXPECT_FALSE(connection.has_value());
    if (!connection) {
      EXPECT_EQ(connection.error().os_error, ECONNREFUSED);
    }
  });
}

}  // namespace
}  // namespace ringpost::io
