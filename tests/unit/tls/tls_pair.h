// Our client and our server over a loopback connection on one reactor, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "io/connection.h"
#include "io/listener.h"
#include "io/scope.h"
#include "support/certificates.h"
#include "support/run_on_reactor.h"
#include "tls/stream.h"

namespace ringpost::tls {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct PlainPair {
  std::unique_ptr<io::Connection> client, server;
};

inline Task<PlainPair> connect_pair(Reactor& reactor) {
  io::Acceptor acceptor(reactor, std::move(*io::open_listening_socket(*io::SocketAddress::parse("127.0.0.1:0"), 16)));
  PlainPair pair;
  auto client =
      co_await io::Connection::connect(reactor, acceptor.address(), {}, Deadline::after(seconds(5)), Cancel::never());
  EXPECT_TRUE(client.has_value());
  auto accepted = co_await acceptor.next(Cancel::never());
  EXPECT_TRUE(accepted.has_value());
  pair.client = std::move(*client);
  pair.server = std::make_unique<io::Connection>(reactor, std::move(*accepted));
  co_await acceptor.stop();
  co_return pair;
}

struct Handshakes {
  std::unique_ptr<Stream> client, server;
  io::Connection* below_client = nullptr;  // which the client's stream owns
  Result<void> client_result, server_result;
  bool both() const { return client_result.has_value() && server_result.has_value(); }
};

inline Task<> shake(Stream& stream, Result<void>& result) {
  result = co_await stream.handshake(Deadline::after(seconds(10)), Cancel::never());
}

inline Task<Handshakes> shake_hands(Reactor& reactor, std::shared_ptr<const ServerContext> server,
                                    ClientContext& client, ClientWish wish) {
  PlainPair plain = co_await connect_pair(reactor);
  Handshakes hands;
  hands.below_client = plain.client.get();
  hands.client = Stream::client(std::move(plain.client), client, std::move(wish));
  hands.server = Stream::server(std::move(plain.server), std::move(server));
  io::Scope scope(reactor);
  scope.spawn(shake(*hands.client, hands.client_result));
  scope.spawn(shake(*hands.server, hands.server_result));
  co_await scope.join();
  co_return hands;
}

/// Says `text` on one stream and hears it on the other.
inline Task<> expect_passes(io::Stream& from, io::Stream& to, std::string text) {
  auto sent = co_await from.send(text, Deadline::after(seconds(10)), Cancel::never());
  EXPECT_TRUE(sent.has_value()) << (sent ? "" : sent.error().reason);
  std::string got;
  while (got.size() < text.size()) {
    auto slice = co_await to.receive(Deadline::after(seconds(10)), Cancel::never());
    EXPECT_TRUE(slice.has_value()) << (slice ? "" : slice.error().reason);
    if (!slice || slice->empty()) break;
    got += slice->view();
  }
  EXPECT_EQ(got, text);
}

inline Task<> close_both(Handshakes& hands) {
  co_await hands.client->close();
  co_await hands.server->close();
}

inline ServerOptions server_options(const std::string& certificate = "ecdsa") {
  ServerOptions options;
  options.certificates.push_back(test::Certificates::get().files(certificate));
  return options;
}
inline ClientOptions client_options() {
  ClientOptions options;
  options.ca_file = test::Certificates::get().server_ca();
  return options;
}
inline std::shared_ptr<ServerContext> make_server(const ServerOptions& options) {
  auto context = ServerContext::create(options);
  EXPECT_TRUE(context.has_value()) << (context ? "" : context.error().reason);
  return context ? *context : nullptr;
}
inline std::unique_ptr<ClientContext> make_client(const ClientOptions& options) {
  auto context = ClientContext::create(options);
  EXPECT_TRUE(context.has_value()) << (context ? "" : context.error().reason);
  return context ? std::move(*context) : nullptr;
}

struct Both {
  std::shared_ptr<ServerContext> server;
  std::unique_ptr<ClientContext> client;
};

inline Both both(const ServerOptions& server = server_options(), const ClientOptions& client = client_options()) {
  return {make_server(server), make_client(client)};
}

inline const ClientWish verified{.server_name = "mail.example.org", .verify = true, .session_key = {}};

}  // namespace ringpost::tls
