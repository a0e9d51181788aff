// Streams of ours with peers that mean no good: no TLS at all, garbage, halves, records that were tampered with,
// silence.
#include "client_hello.h"
#include "tls/stream.h"
#include "tls_pair.h"

namespace ringpost::tls {
namespace {

/// What the server says of a peer that sends `octets` and nothing else.
Result<void> answer_to(const std::string& octets, std::string* heard = nullptr) {
  struct State {
    std::string octets, heard;
    Result<void> result;
    std::shared_ptr<ServerContext> server;
  } state{octets, {}, {}, make_server(server_options())};
  test::run_on_reactor(
      [](Reactor& reactor, State& s) -> Task<> {
        PlainPair plain = co_await connect_pair(reactor);
        auto server = Stream::server(std::move(plain.server), s.server);
        io::Scope scope(reactor);
        scope.spawn(shake(*server, s.result));
        static_cast<void>(co_await plain.client->send(s.octets, Deadline::after(seconds(5)), Cancel::never()));
        plain.client->end_sending();
        co_await scope.join();
        co_await server->close();
        for (;;) {
          auto slice = co_await plain.client->receive(Deadline::after(seconds(5)), Cancel::never());
          if (!slice || slice->empty()) break;
          s.heard += slice->view();
        }
        co_await plain.client->close();
      },
      state);
  if (heard != nullptr) *heard = state.heard;
  return state.result;
}

TEST(TlsStream, APeerThatSpeaksNoTlsIsToldApart) {
  const auto smtp = answer_to("EHLO printer.example.org\r\n");
  ASSERT_FALSE(smtp.has_value());
  EXPECT_EQ(smtp.error().kind, ErrorKind::refused);
  EXPECT_EQ(smtp.error().reason, "not TLS: an SMTP command in clear text");
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\n\r\n").error().reason, "not TLS: an HTTP request");
  EXPECT_EQ(answer_to(std::string("\x80\x2e\x01\x00\x02", 5)).error().reason, "not TLS: an SSL 2 hello");
  EXPECT_EQ(answer_to(std::string(100, '\0')).error().reason, "not TLS: other octets");
}

TEST(TlsStream, GarbageAndHalfRecordsEndCleanly) {
  using namespace std::string_literals;
  EXPECT_EQ(answer_to("").error().kind, ErrorKind::closed);
  EXPECT_EQ(answer_to("\x16\x03\x01\x02\x00\x01\x00"s).error().kind, ErrorKind::closed);
  std::string heard;
  EXPECT_EQ(answer_to("\x16\x03\x01\xff\xff"s + std::string(200, 'x'), &heard).error().kind, ErrorKind::refused);
  EXPECT_EQ(answer_to("\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03"s, &heard).error().kind, ErrorKind::refused);
  EXPECT_EQ(heard.substr(0, 1), "\x15");  // an alert
}

#ifdef RINGPOST_WOLFSSL_TUNED
TEST(TlsStream, AClientWithNoGroupInCommonIsRefusedAtOnce) {
  const std::string group = number(1, 2);  // sect163k1
  const std::string versions = extension(43, vector(number(0x0304, 2), 1)),
                    schemes = extension(13, vector(number(0x0403, 2), 2));
  const std::string groups = extension(10, vector(group, 2)),
                    shares = extension(51, vector(group + vector("point", 2), 2));
  std::string heard;
  EXPECT_FALSE(answer_to(record(client_hello({0x1301}, versions + schemes + groups + shares)), &heard).has_value());
  EXPECT_EQ(heard, number(21, 1) + number(0x0303, 2) + vector(number(2, 1) + number(40, 1), 2));  // handshake_failure
}

TEST(TlsStream, AClientMayOfferEveryCipherSuiteThereIs) {
  std::vector<std::size_t> suites;
  for (std::size_t suite = 0xc001; suite < 0xc001 + 400; ++suite) suites.push_back(suite);  // 0xc02b is among them
  const std::string groups = extension(10, vector(number(23, 2), 2)),
                    schemes = extension(13, vector(number(0x0403, 2), 2));
  std::string heard;
  EXPECT_FALSE(answer_to(record(client_hello(suites, groups + schemes)), &heard).has_value());
  EXPECT_EQ(heard.substr(0, 3), number(22, 1) + number(0x0303, 2));  // a ServerHello, after which the client was gone
}
#endif

TEST(TlsStream, ARecordThatWasTamperedWithEndsTheConnection) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, c.server, *c.client, verified);
        EXPECT_TRUE(hands.both());
        const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
        static_cast<void>(co_await hands.below_client->send(forged, Deadline::never(), Cancel::never()));
        auto got = co_await hands.server->receive(Deadline::after(seconds(5)), Cancel::never());
        EXPECT_FALSE(got.has_value());
        if (!got) {
          EXPECT_EQ(got.error().kind, ErrorKind::invalid);
        }
        auto sent = co_await hands.server->send("x", Deadline::after(seconds(5)), Cancel::never());
        EXPECT_FALSE(sent.has_value());
        co_await close_both(hands);
      },
      contexts);
}

TEST(TlsStream, AHandshakeThatHangsEndsAtItsDeadline) {
  Both contexts = both();
  test::run_on_reactor(
      [](Reactor& reactor, Both& c) -> Task<> {
        PlainPair plain = co_await connect_pair(reactor);
        auto server = Stream::server(std::move(plain.server), c.server);
        auto result = co_await server->handshake(Deadline::after(milliseconds(30)), Cancel::never());
        EXPECT_TRUE(!result && result.error().kind == ErrorKind::timed_out);
        co_await server->close();
        co_await plain.client->close();
      },
      contexts);
}

}  // namespace
}  // namespace ringpost::tls
