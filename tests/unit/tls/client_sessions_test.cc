// What a client keeps of its connections, with channels in memory.
#include "tls/client_sessions.h"

#include <gtest/gtest.h>

#include "support/certificates.h"
#include "tls/channel.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

namespace ringpost::tls {
namespace {

void pass(Channel& from, Channel& to) {
  if (from.output().empty()) return;
  to.feed(io::Slice::copy_of(from.output()));
  from.output().clear();
}

struct Connection {
  bool done = false;
  bool resumed = false;
};

class ClientSessionsInUse : public testing::Test {
 protected:
  ClientSessionsInUse() {
    ServerOptions server;
    server.certificates.push_back(test::Certificates::get().files("ecdsa"));
    server_ = std::static_pointer_cast<const ServerCredentials>(*ServerContext::create(server));
    ClientOptions client;
    client.ca_file.clear();
    client_ = *ClientContext::create(client);
  }
  ClientCredentials& credentials() { return static_cast<ClientCredentials&>(*client_); }

  /// A connection from handshake to end; without `ticket` the client never sees the one of the server.
  Connection connect(bool ticket) {
    Channel client(credentials(), {.server_name = "", .verify = false, .session_key = "there"});
    Channel server(server_);
    for (int turn = 0; turn < 4; ++turn) {
      if (!client.handshake()) return {};
      pass(client, server);
      const auto progress = server.handshake();
      if (!progress) return {};
      if (*progress == Channel::Progress::done) break;
      pass(server, client);
    }
    if (ticket) {
      pass(server, client);
      EXPECT_TRUE(client.decrypt());
    }
    client.keep_session();
    return {.done = !client.info().version.empty(), .resumed = server.info().resumed};
  }

  std::shared_ptr<const ServerCredentials> server_;
  std::unique_ptr<ClientContext> client_;
};

TEST_F(ClientSessionsInUse, ATicketServesTheNextConnection) {
  EXPECT_TRUE(connect(true).done);
  EXPECT_TRUE(connect(true).resumed);
  EXPECT_TRUE(connect(true).resumed);
}

TEST_F(ClientSessionsInUse, WithoutATicketNothingIsKept) {
  EXPECT_TRUE(connect(false).done);
  EXPECT_EQ(credentials().sessions.size(), 0U);
}

// Postfix does this: a ticket that is still good is not replaced.
TEST_F(ClientSessionsInUse, AServerThatGivesNoNewTicketIsResumedByTheOldOneAgain) {
  EXPECT_TRUE(connect(true).done);
  for (int i = 0; i < 3; ++i) {
    const Connection again = connect(false);
    EXPECT_TRUE(again.done);
    EXPECT_TRUE(again.resumed);
  }
}

TEST_F(ClientSessionsInUse, ASessionThatTheServerCannotOpenMeansAFullHandshake) {
  EXPECT_TRUE(connect(true).done);
  ServerOptions other;
  other.certificates.push_back(test::Certificates::get().files("ecdsa"));
  server_ = std::static_pointer_cast<const ServerCredentials>(*ServerContext::create(other));  // with its own keys
  const Connection next = connect(true);
  EXPECT_TRUE(next.done);
  EXPECT_FALSE(next.resumed);
  EXPECT_TRUE(connect(true).resumed);
}

// Such a session could be read by whoever comes by the key of the tickets.
TEST_F(ClientSessionsInUse, AServerResumesNothingWithoutAKeyExchange) {
  EXPECT_TRUE(connect(true).done);
  EXPECT_EQ(wolfSSL_CTX_no_dhe_psk(credentials().context.get()), 0);
  const Connection next = connect(true);
  EXPECT_TRUE(next.done);
  EXPECT_FALSE(next.resumed);
}

}  // namespace
}  // namespace ringpost::tls
