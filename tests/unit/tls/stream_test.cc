// Streams of ours with each other: what a handshake agrees on, octets both ways, resumption, channel binding.
#include "tls/stream.h"

#include "tls_pair.h"

namespace ringpost::tls {
namespace {

struct Both {
  std::shared_ptr<ServerContext> server;
  std::unique_ptr<ClientContext> client;
};

Both both(const ServerOptions& server = server_options(), const ClientOptions& client = client_options()) {
  return {make_server(server), make_client(client)};
}

const ClientWish verified{.server_name = "mail.example.org", .verify = true, .session_key = {}};

TEST(TlsStream, CarriesOctetsBothWaysAndVerifiesTheServer) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, c.server, *c.client, verified);
        EXPECT_TRUE(hands.both()) << hands.client_result.error().reason;
        if (!hands.both()) co_return;
        EXPECT_EQ(hands.client->info().version, "TLSv1.3");
        EXPECT_EQ(hands.client->info().cipher, "TLS_AES_128_GCM_SHA256");
        EXPECT_TRUE(hands.client->info().peer_verified) << hands.client->info().peer_problem;
        EXPECT_EQ(hands.client->info().peer_common_name, "ecdsa");
        EXPECT_EQ(hands.client->info().peer_subject, "CN=ecdsa,O=Test");
        EXPECT_EQ(hands.client->info().peer_fingerprint.size(), 64U);
        EXPECT_EQ(hands.server->info().sni, "mail.example.org");
        EXPECT_FALSE(hands.server->info().resumed);
        co_await expect_passes(*hands.client, *hands.server, "EHLO there\r\n");
        co_await expect_passes(*hands.server, *hands.client, "250 hello\r\n");
        co_await close_both(hands);
      },
      contexts);
}

}  // namespace
}  // namespace ringpost::tls
