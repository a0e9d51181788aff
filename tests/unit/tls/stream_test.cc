// Streams of ours with each other: what a handshake agrees on, octets both ways, resumption, channel binding.
#include "tls/stream.h"

#include "tls_pair.h"

namespace ringpost::tls {
namespace {

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

/// One handshake with `wish`, and what its two ends know; both are closed again.
struct Outcome {
  Result<void> client, server;
  ConnectionInfo client_info, server_info;
  std::string client_binding, server_binding, binding_type;
};

Task<> one_connection(Reactor& reactor, Both& contexts, const ClientWish& wish, Outcome& outcome) {
  Handshakes hands = co_await shake_hands(reactor, contexts.server, *contexts.client, wish);
  outcome.client = hands.client_result;
  outcome.server = hands.server_result;
  outcome.client_info = hands.client->info();
  outcome.server_info = hands.server->info();
  outcome.client_binding = hands.client->channel_binding();
  outcome.server_binding = hands.server->channel_binding();
  outcome.binding_type = hands.server->channel_binding_type();
  if (hands.both()) {
    co_await expect_passes(*hands.server, *hands.client, "220 hello\r\n");
    co_await expect_passes(*hands.client, *hands.server, "QUIT\r\n");
  }
  co_await close_both(hands);
}

Outcome connect(Both& contexts, const ClientWish& wish) {
  Outcome outcome;
  test::run_on_reactor([](Reactor& reactor, Both& c, const ClientWish& w,
                          Outcome& out) -> Task<> { co_await one_connection(reactor, c, w, out); },
                       contexts, wish, outcome);
  return outcome;
}

TEST(TlsStream, LargeSendsArriveWhole) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, c.server, *c.client, verified);
        EXPECT_TRUE(hands.both());
        if (!hands.both()) co_return;
        std::string octets;
        for (int i = 0; octets.size() < 3'000'000; ++i) octets += std::to_string(i) + "\r\n";
        bool done = false;
        auto send = [](Stream& stream, const std::string& all, bool& sent) -> Task<> {
          // Pieces of many sizes, as a prefix and a body have.
          std::vector<iovec> pieces;
          std::size_t at = 0;
          for (std::size_t size = 1; at < all.size(); size = size * 3 % 70'001) {
            const std::size_t count = std::min(size, all.size() - at);
            pieces.push_back({const_cast<char*>(all.data()) + at, count});
            at += count;
          }
          pieces.push_back({nullptr, 0});
          auto result = co_await stream.send(pieces, Deadline::after(seconds(20)), Cancel::never());
          EXPECT_TRUE(result.has_value());
          stream.end_sending();
          sent = true;
        };
        io::Scope scope(reactor);
        scope.spawn(send(*hands.client, octets, done));
        std::string got;
        for (;;) {
          auto slice = co_await hands.server->receive(Deadline::after(seconds(20)), Cancel::never());
          EXPECT_TRUE(slice.has_value()) << slice.error().reason;
          if (!slice || slice->empty()) break;
          got += slice->view();
        }
        EXPECT_TRUE(got == octets);
        co_await scope.join();
        EXPECT_TRUE(done);
        // The other side still speaks after it was told the end.
        co_await expect_passes(*hands.server, *hands.client, "250 queued\r\n");
        co_await close_both(hands);
      },
      contexts);
}

TEST(TlsStream, OctetsThatWaitCountAsPending) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, c.server, *c.client, verified);
        EXPECT_TRUE(hands.both());
        if (!hands.both()) co_return;
        EXPECT_FALSE(hands.server->has_pending());
        static_cast<void>(co_await hands.client->send("NOOP\r\n", Deadline::never(), Cancel::never()));
        auto first = co_await hands.server->receive(Deadline::after(seconds(5)), Cancel::never());
        EXPECT_TRUE(first && first->view() == "NOOP\r\n");
        EXPECT_FALSE(hands.server->has_pending());
        auto nothing = co_await hands.server->receive(Deadline::after(milliseconds(20)), Cancel::never());
        EXPECT_TRUE(!nothing && nothing.error().kind == ErrorKind::timed_out);
        static_cast<void>(co_await hands.client->send("RSET\r\n", Deadline::never(), Cancel::never()));
        auto second = co_await hands.server->receive(Deadline::after(seconds(5)), Cancel::never());
        EXPECT_TRUE(second && second->view() == "RSET\r\n");
        co_await close_both(hands);
      },
      contexts);
}

TEST(TlsStream, ATicketGoesWithTheFirstReply) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& both) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, both.server, *both.client, verified);
        EXPECT_TRUE(hands.both());
        auto alone = co_await hands.below_client->receive(Deadline::after(milliseconds(30)), Cancel::never());
        EXPECT_TRUE(!alone && alone.error().kind == ErrorKind::timed_out);
        co_await expect_passes(*hands.server, *hands.client, "220 a reply");
        co_await close_both(hands);
      },
      contexts);
}

TEST(TlsStream, AnEndWithoutFarewellIsAnEnd) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, c.server, *c.client, verified);
        EXPECT_TRUE(hands.both());
        hands.below_client->end_sending();
        auto end = co_await hands.server->receive(Deadline::after(seconds(5)), Cancel::never());
        EXPECT_TRUE(end.has_value() && end->empty());
        co_await close_both(hands);
      },
      contexts);
}

TEST(TlsStream, BothEndsDeriveTheSameBinding) {
  Both contexts = both();
  const Outcome outcome = connect(contexts, verified);
  EXPECT_EQ(outcome.binding_type, "tls-exporter");
  EXPECT_EQ(outcome.server_binding.size(), 32U);
  EXPECT_EQ(outcome.server_binding, outcome.client_binding);
  EXPECT_NE(connect(contexts, verified).server_binding, outcome.server_binding);
}

TEST(TlsStream, SessionsResumeUnderTheSameKeyAndNoOther) {
  Both contexts = both();
  ClientWish wish = verified;
  wish.session_key = "smarthost";
  EXPECT_FALSE(connect(contexts, wish).server_info.resumed);
  const Outcome again = connect(contexts, wish);
  EXPECT_TRUE(again.server_info.resumed);
  EXPECT_TRUE(again.client_info.resumed);
  EXPECT_TRUE(again.client_info.peer_verified);
  EXPECT_EQ(again.client_info.peer_common_name, "ecdsa");
  EXPECT_EQ(again.server_binding, again.client_binding);
  EXPECT_TRUE(connect(contexts, wish).server_info.resumed);
  wish.session_key = "another";
  EXPECT_FALSE(connect(contexts, wish).server_info.resumed);
}

TEST(TlsStream, ASessionThatWasNotVerifiedIsNotResumedWhereThatIsWanted) {
  ClientOptions trusts_nobody = client_options();
  trusts_nobody.ca_file.clear();
  Both contexts = both(server_options(), trusts_nobody);
  ClientWish wish{.server_name = "mail.example.org", .verify = false, .session_key = "k"};
  EXPECT_FALSE(connect(contexts, wish).client_info.peer_verified);
  EXPECT_TRUE(connect(contexts, wish).client_info.resumed);
  wish.verify = true;
  EXPECT_FALSE(connect(contexts, wish).client.has_value());
}

TEST(TlsStream, SessionsResumeAcrossAReloadAndNotAcrossARestart) {
  Both contexts = both();
  ClientWish wish = verified;
  wish.session_key = "k";
  connect(contexts, wish);
  auto reloaded = ServerContext::reload(server_options(), *contexts.server);
  ASSERT_TRUE(reloaded.has_value());
  contexts.server = *reloaded;
  EXPECT_TRUE(connect(contexts, wish).server_info.resumed);
  contexts.server = make_server(server_options());
  const Outcome outcome = connect(contexts, wish);
  EXPECT_TRUE(outcome.server.has_value());
  EXPECT_FALSE(outcome.server_info.resumed);
}

TEST(TlsStream, OpportunisticNeverFailsForTheCertificateAndSaysWhatIsWrong) {
  ClientOptions trusts_nobody = client_options();
  trusts_nobody.ca_file = test::Certificates::get().client_ca();
  Both contexts = both(server_options(), trusts_nobody);
  Outcome outcome = connect(contexts, {.server_name = "mail.example.org", .verify = false, .session_key = {}});
  EXPECT_TRUE(outcome.client.has_value());
  EXPECT_FALSE(outcome.client_info.peer_verified);
  EXPECT_EQ(outcome.client_info.peer_problem, "its issuer is not trusted");
  Both known = both();
  outcome = connect(known, {.server_name = "other.example.org", .verify = false, .session_key = {}});
  EXPECT_TRUE(outcome.client.has_value());
  EXPECT_FALSE(outcome.client_info.peer_verified);
  EXPECT_EQ(outcome.client_info.peer_problem, "made for another name than other.example.org");
}

TEST(TlsStream, WhatOneOpportunisticPeerShowedMakesNoLaterOneTrusted) {
  ClientOptions other_authority = client_options();
  other_authority.ca_file = test::Certificates::get().client_ca();
  Both contexts = both(server_options(), other_authority);
  for (int i = 0; i < 3; ++i) {
    const ClientWish wish{.server_name = "mail.example.org", .verify = false, .session_key = {}};
    EXPECT_FALSE(connect(contexts, wish).client_info.peer_verified);
    const Outcome outcome = connect(contexts, verified);
    EXPECT_FALSE(outcome.client.has_value());
  }
}

TEST(TlsStream, VerificationThatFailsEndsBothSidesAndSaysWhy) {
  Both contexts = both();
  const Outcome outcome = connect(contexts, {.server_name = "other.example.org", .verify = true, .session_key = {}});
  ASSERT_FALSE(outcome.client.has_value());
  EXPECT_EQ(outcome.client.error().kind, ErrorKind::refused);
  EXPECT_EQ(
      outcome.client.error().reason,
      "TLS handshake failed: the peer's certificate is not accepted: made for another name than other.example.org");
}

TEST(TlsStream, WildcardsAndAddressesVerify) {
  Both contexts = both();
  EXPECT_TRUE(connect(contexts, {"a.wild.example.org", true, {}}).client.has_value());
  EXPECT_FALSE(connect(contexts, {"a.b.wild.example.org", true, {}}).client.has_value());
  EXPECT_FALSE(connect(contexts, {"wild.example.org", true, {}}).client.has_value());
  const Outcome address = connect(contexts, {"127.0.0.1", true, {}});
  EXPECT_TRUE(address.client.has_value());
  EXPECT_EQ(address.server_info.sni, "");
  EXPECT_FALSE(connect(contexts, {"127.0.0.2", true, {}}).client.has_value());
}

TEST(TlsStream, TheCertificateIsChosenByName) {
  ServerOptions options = server_options("rsa");
  options.certificates.push_back(test::Certificates::get().files("ecdsa"));
  Both contexts = both(options);
  const auto shown = [&](const std::string& name) {
    return connect(contexts, {name, false, {}}).client_info.peer_common_name;
  };
  EXPECT_EQ(shown("mail.example.org"), "ecdsa");
  EXPECT_EQ(shown("MAIL.example.org"), "ecdsa");
  EXPECT_EQ(shown("x.wild.example.org"), "ecdsa");
  EXPECT_EQ(shown("rsa.example.org"), "rsa");
  EXPECT_EQ(shown("unknown.example.org"), "rsa");
  EXPECT_EQ(shown(""), "rsa");
}

TEST(TlsStream, AClientCertificateIsAskedForVerifiedAndRecorded) {
  ServerOptions server = server_options();
  server.client_ca = test::Certificates::get().client_ca();
  ClientOptions client = client_options();
  client.certificate = test::Certificates::get().path("client.pem");
  client.key = test::Certificates::get().path("client.key");
  Both contexts = both(server, client);
  ClientWish wish = verified;
  wish.session_key = "k";
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = connect(contexts, wish);
    ASSERT_TRUE(outcome.server.has_value()) << outcome.server.error().reason;
    EXPECT_TRUE(outcome.server_info.peer_verified) << outcome.server_info.peer_problem;
    EXPECT_EQ(outcome.server_info.peer_common_name, "client");
    EXPECT_EQ(outcome.server_info.peer_dns_names, std::vector<std::string>{"printer.example.org"});
    EXPECT_EQ(outcome.server_info.peer_emails, std::vector<std::string>{"anna@example.org"});
    EXPECT_EQ(outcome.server_info.peer_fingerprint.size(), 64U);
    // Nobody comes back by a ticket as somebody whose certificate is not seen.
    EXPECT_FALSE(outcome.server_info.resumed);
  }
}

TEST(TlsStream, AStrangersClientCertificateIsRecordedAndNotVerified) {
  ServerOptions server = server_options();
  server.client_ca = test::Certificates::get().client_ca();
  ClientOptions client = client_options();
  client.certificate = test::Certificates::get().path("ecdsa.pem");
  client.key = test::Certificates::get().path("ecdsa.key");
  Both contexts = both(server, client);
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = connect(contexts, verified);
    ASSERT_TRUE(outcome.server.has_value()) << outcome.server.error().reason;
    EXPECT_FALSE(outcome.server_info.peer_verified);
    EXPECT_EQ(outcome.server_info.peer_problem, "its issuer is not trusted");
    EXPECT_EQ(outcome.server_info.peer_fingerprint.size(), 64U);
  }
  server.client_ca.clear();
  server.request_client_certificate = true;
  contexts.server = make_server(server);
  const Outcome outcome = connect(contexts, verified);
  ASSERT_TRUE(outcome.server.has_value()) << outcome.server.error().reason;
  EXPECT_FALSE(outcome.server_info.peer_verified);
  EXPECT_EQ(outcome.server_info.peer_problem, "no authorities are configured");
  EXPECT_EQ(outcome.server_info.peer_fingerprint.size(), 64U);
}

TEST(TlsStream, NoClientCertificateIsNoProblem) {
  ServerOptions server = server_options();
  server.client_ca = test::Certificates::get().client_ca();
  Both contexts = both(server);
  ClientWish wish = verified;
  wish.session_key = "k";
  const Outcome outcome = connect(contexts, wish);
  ASSERT_TRUE(outcome.server.has_value()) << outcome.server.error().reason;
  EXPECT_FALSE(outcome.server_info.peer_verified);
  EXPECT_EQ(outcome.server_info.peer_fingerprint, "");
  EXPECT_TRUE(connect(contexts, wish).server_info.resumed);
}

TEST(TlsStream, VersionsThatDoNotMeetAreRefused) {
  ServerOptions server = server_options();
  server.min_version = Version::tls_1_3;
  Both contexts = both(server);
  EXPECT_EQ(connect(contexts, verified).server_info.version, "TLSv1.3");
}

}  // namespace
}  // namespace ringpost::tls
