// Our streams with OpenSSL at the other end, as a program (s_client, s_server) and in Python.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <thread>
#include <vector>

#include "tls_pair.h"

namespace ringpost::tls {
namespace {

using test::Certificates;
using ::testing::HasSubstr;
using ::testing::Not;

/// How it ended is told by what it printed.
void run(const std::string& command) {
  [[maybe_unused]] const int status = std::system(command.c_str());
}

struct Served {
  std::vector<ConnectionInfo> infos;
  std::vector<Result<void>> results;
  std::vector<std::string> bindings, heard;
  std::string output;  // of the client program
};

std::string hexadecimal(const std::string& octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : octets) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

/// Greets, hears one line or an end, says goodbye.
Task<> serve_one(Stream& stream, Served& served) {
  auto result = co_await stream.handshake(Deadline::after(seconds(10)), Cancel::never());
  served.results.push_back(result);
  served.infos.push_back(stream.info());
  served.bindings.push_back(hexadecimal(stream.channel_binding()));
  std::string heard;
  if (result) {
    static_cast<void>(co_await stream.send("220 hello\r\n", Deadline::after(seconds(5)), Cancel::never()));
    while (!heard.contains('\n')) {
      auto slice = co_await stream.receive(Deadline::after(seconds(5)), Cancel::never());
      if (!slice || slice->empty()) {
        if (!slice) heard += "<" + slice.error().reason + ">";
        break;
      }
      heard += slice->view();
    }
    static_cast<void>(co_await stream.send("221 bye\r\n", Deadline::after(seconds(5)), Cancel::never()));
  }
  served.heard.push_back(heard);
  co_await stream.close();
}

/// Serves `connections` of what `command` (with @PORT@ for the port) opens.
Served serve(const std::shared_ptr<ServerContext>& context, std::size_t connections, const std::string& command) {
  struct State {
    std::shared_ptr<ServerContext> context;
    std::size_t connections;
    std::string command;
    Served served;
    std::thread program;
  } state{context, connections, command, {}, {}};
  test::run_on_reactor(
      [](Reactor& reactor, State& s) -> Task<> {
        io::Acceptor acceptor(reactor,
                              std::move(*io::open_listening_socket(*io::SocketAddress::parse("127.0.0.1:0"), 16)));
        std::string text = s.command;
        const std::string port = std::to_string(acceptor.address().port());
        for (std::size_t at; (at = text.find("@PORT@")) != std::string::npos;) text.replace(at, 6, port);
        const std::string folder = Certificates::get().path("");
        s.program = std::thread([text, folder, port] {
          run("cd " + folder + " && (" + text + ") >client.out 2>&1");
          // A program that never connected must not leave the server waiting.
          run("bash -c ': </dev/tcp/127.0.0.1/" + port + "' 2>/dev/null");
        });
        for (std::size_t i = 0; i < s.connections; ++i) {
          auto socket = co_await acceptor.next(Cancel::never());
          if (!socket) break;
          auto stream = Stream::server(std::make_unique<io::Connection>(reactor, std::move(*socket)), s.context);
          co_await serve_one(*stream, s.served);
        }
        co_await acceptor.stop();
      },
      state);
  state.program.join();
  state.served.output = Certificates::read(Certificates::get().path("client.out"));
  return std::move(state.served);
}

std::string s_client(const std::string& options, const std::string& says = "hello") {
  return "printf '" + says + "\\n' | timeout 10 openssl s_client -connect 127.0.0.1:@PORT@ -CAfile root.pem " +
         "-servername mail.example.org -ign_eof " + options;
}

TEST(TlsInterop, BothVersionsWithTheOpensslClient) {
  const auto context = make_server(server_options());
  for (const std::string version : {"2", "3"}) {
    const Served served = serve(context, 1, s_client("-tls1_" + version + " -alpn smtp,h2"));
    ASSERT_TRUE(served.results[0].has_value()) << served.results[0].error().reason << served.output;
    EXPECT_EQ(served.infos[0].version, "TLSv1." + version);
    EXPECT_EQ(served.infos[0].sni, "mail.example.org");
    EXPECT_EQ(served.heard[0], "hello\n");
    EXPECT_THAT(served.output, HasSubstr("Verification: OK"));
    EXPECT_THAT(served.output, HasSubstr("221 bye"));
    if (version == "2") {
      EXPECT_THAT(served.output, HasSubstr("Secure Renegotiation IS supported"));
    }
  }
}

TEST(TlsInterop, EachSuiteAndGroup) {
  const auto context = make_server(server_options());
  for (const std::string suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    EXPECT_EQ(serve(context, 1, s_client("-tls1_3 -ciphersuites " + suite)).infos[0].cipher, suite);
  }
  for (const std::string suite :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    EXPECT_TRUE(serve(context, 1, s_client("-tls1_2 -cipher " + suite)).results[0].has_value()) << suite;
  }
  for (const std::string group : {"X25519", "P-256", "P-384"}) {
    EXPECT_TRUE(serve(context, 1, s_client("-tls1_3 -groups " + group)).results[0].has_value()) << group;
  }
  const auto rsa = make_server(server_options("rsa"));
  for (const std::string group : {"X25519", "P-256", "P-384"}) {
    // With 1.2 the groups also say which curves a certificate may have (RFC 8422 5.1), so one without a curve.
    EXPECT_TRUE(serve(rsa, 1, s_client("-tls1_2 -groups " + group)).results[0].has_value()) << group;
  }
  for (const std::string version : {"2", "3"}) {
    const Served served = serve(rsa, 1, s_client("-tls1_" + version));
    EXPECT_TRUE(served.results[0].has_value()) << served.results[0].error().reason;
  }
}

TEST(TlsInterop, OldVersionsAndWeakSuitesAreRefused) {
  const auto context = make_server(server_options());
  for (const std::string options : {"-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
                                    "-tls1_2 -cipher AES128-SHA"}) {
    const Served served = serve(context, 1, s_client(options));
    ASSERT_FALSE(served.results[0].has_value()) << options;
    EXPECT_EQ(served.results[0].error().kind, ErrorKind::refused);
    EXPECT_THAT(served.output, HasSubstr("alert")) << options;
  }
}

TEST(TlsInterop, SessionsResumeByTickets) {
  const auto context = make_server(server_options());
  for (const std::string version : {"2", "3"}) {
    const Served first = serve(context, 1, s_client("-tls1_" + version + " -sess_out session" + version));
    EXPECT_FALSE(first.infos[0].resumed);
    const Served again = serve(context, 1, s_client("-tls1_" + version + " -sess_in session" + version));
    ASSERT_TRUE(again.results[0].has_value()) << again.results[0].error().reason;
    EXPECT_TRUE(again.infos[0].resumed) << version << again.output;
    // Not under another name (the options that come later count).
    const Served other =
        serve(context, 1, s_client("-servername b.example.org -tls1_" + version + " -sess_in session" + version));
    ASSERT_TRUE(other.results[0].has_value()) << other.results[0].error().reason;
    EXPECT_FALSE(other.infos[0].resumed) << version;
  }
}

TEST(TlsInterop, ExportedKeyingMaterialIsTheSameAtBothEnds) {
  const auto context = make_server(server_options());
  const Served served =
      serve(context, 1, s_client("-tls1_3 -keymatexport EXPORTER-Channel-Binding -keymatexportlen 32"));
  std::string output = served.output;
  for (char& c : output) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_EQ(served.bindings[0].size(), 64U);
  EXPECT_THAT(output, HasSubstr("keying material: " + served.bindings[0]));
}

TEST(TlsInterop, TlsUniqueIsTheSameInPythonInFullAndResumedHandshakes) {
  Certificates::write(Certificates::get().path("unique.py"), R"(
import socket, ssl, sys
context = ssl.create_default_context(cafile="root.pem")
context.maximum_version = ssl.TLSVersion.TLSv1_2
session = None
for i in range(2):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="mail.example.org", session=session) as s:
            s.recv(100)
            session = s.session
            print(s.get_channel_binding("tls-unique").hex(), s.session_reused, flush=True)
            s.sendall(b"QUIT\r\n")
            s.recv(100)
)");
  const Served served = serve(make_server(server_options()), 2, "timeout 20 python3 unique.py @PORT@");
  ASSERT_EQ(served.bindings.size(), 2U);
  EXPECT_TRUE(served.infos[1].resumed);
  EXPECT_EQ(served.bindings[0].size(), 24U);
  EXPECT_EQ(served.output, served.bindings[0] + " False\n" + served.bindings[1] + " True\n");
}

TEST(TlsInterop, AKeyUpdateIsAnswered) {
  const auto context = make_server(server_options());
  const Served served =
      serve(context, 1,
            "(sleep 0.3; printf 'K\\n'; sleep 0.3; printf 'hello\\n'; sleep 0.5) | timeout 10 openssl "
            "s_client -connect 127.0.0.1:@PORT@ -CAfile root.pem -tls1_3");
  EXPECT_EQ(served.heard[0], "hello\n");
  EXPECT_THAT(served.output, HasSubstr("KEYUPDATE"));
  EXPECT_THAT(served.output, HasSubstr("221 bye"));
}

TEST(TlsInterop, RenegotiationIsRefused) {
  const auto context = make_server(server_options());
  const Served served =
      serve(context, 1,
            "(sleep 0.3; printf 'R\\n'; sleep 0.3; printf 'hello\\n'; sleep 0.5) | timeout 10 openssl "
            "s_client -connect 127.0.0.1:@PORT@ -CAfile root.pem -tls1_2");
  EXPECT_THAT(served.output, HasSubstr("RENEGOTIATING"));
  EXPECT_THAT(served.heard[0], Not(HasSubstr("hello")));
}

TEST(TlsInterop, AnOcspResponseIsStapled) {
#ifndef RINGPOST_WOLFSSL_TUNED
  GTEST_SKIP() << "the packaged library cannot";
#endif
  auto& certificates = Certificates::get();
  std::string serial = certificates.openssl("x509 -in ecdsa.leaf -noout -serial");
  serial = serial.substr(serial.find('=') + 1);
  serial.resize(serial.find('\n'));
  certificates.write(certificates.path("ocsp.index"), "V\t490101000000Z\t\t" + serial + "\tunknown\t/CN=ecdsa\n");
  certificates.openssl(
      "ocsp -index ocsp.index -rsigner inter.pem -rkey inter.key -CA inter.pem -issuer inter.pem -cert ecdsa.leaf "
      "-respout ecdsa.ocsp -ndays 1 -no_nonce -resp_no_certs");
  ServerOptions options = server_options();
  options.certificates[0].ocsp = certificates.path("ecdsa.ocsp");
  for (const bool asks : {false, true}) {  // client certificates have authorities of their own
    options.client_ca = asks ? certificates.client_ca() : "";
    const auto context = make_server(options);
    EXPECT_THAT(context->warnings(), ::testing::IsEmpty());
    for (const std::string version : {"2", "3"}) {
      const Served served = serve(context, 1, s_client("-status -tls1_" + version));
      EXPECT_TRUE(served.results[0].has_value()) << served.results[0].error().reason;
      EXPECT_THAT(served.output, HasSubstr("OCSP Response Status: successful")) << version;
      EXPECT_TRUE(serve(context, 1, s_client("-tls1_" + version)).results[0].has_value());
    }
  }
  options.certificates[0].ocsp = certificates.path("root.pem");
  EXPECT_THAT(make_server(options)->warnings(), ::testing::SizeIs(1));
}

TEST(TlsInterop, ClientCertificatesOfTheOpensslClient) {
  ServerOptions options = server_options();
  options.client_ca = Certificates::get().client_ca();
  const auto context = make_server(options);
  for (const std::string version : {"2", "3"}) {
    const Served good = serve(context, 1, s_client("-cert client.pem -key client.key -tls1_" + version));
    ASSERT_TRUE(good.results[0].has_value()) << good.results[0].error().reason;
    EXPECT_TRUE(good.infos[0].peer_verified) << good.infos[0].peer_problem;
    const std::string chain = "-cert ecdsa.leaf -key ecdsa.key -cert_chain inter.pem -tls1_" + version;
    for (int i = 0; i < 2; ++i) {  // what the first one shows is not believed of the second
      const Served stranger = serve(context, 1, s_client(chain));
      ASSERT_TRUE(stranger.results[0].has_value()) << stranger.results[0].error().reason;
      EXPECT_FALSE(stranger.infos[0].peer_verified);
      EXPECT_EQ(stranger.infos[0].peer_problem, "its issuer is not trusted");
    }
    EXPECT_FALSE(serve(context, 1, s_client("-tls1_" + version)).infos[0].peer_verified);
  }
}

/// A port that nobody listens on for the moment.
std::uint16_t free_port() {
  auto socket = io::open_listening_socket(*io::SocketAddress::parse("127.0.0.1:0"), 1);
  return io::SocketAddress::of_local(socket->get()).port();
}

TEST(TlsInterop, OurClientWithTheOpensslServer) {
  struct State {
    std::unique_ptr<ClientContext> context = make_client(client_options());
    std::uint16_t port = free_port();
    std::string version;
  } state;
  for (const std::string version : {"2", "3"}) {
    state.version = version;
    std::thread program([&state] {
      const std::string command = "cd " + Certificates::get().path("") + " && (sleep 3 | timeout 20 openssl s_server " +
                                  "-naccept 2 -quiet -cert ecdsa.leaf -cert_chain inter.pem -key ecdsa.key -tls1_" +
                                  state.version + " -accept 127.0.0.1:" + std::to_string(state.port) +
                                  ") >server.out 2>&1";
      run(command);
    });
    test::run_on_reactor(
        [](Reactor& reactor, State& s) -> Task<> {
          const auto address = io::SocketAddress::parse("127.0.0.1:" + std::to_string(s.port));
          for (int i = 0; i < 2; ++i) {
            std::unique_ptr<io::Connection> plain;
            for (int tries = 0; tries < 100 && !plain; ++tries) {
              auto made =
                  co_await io::Connection::connect(reactor, *address, {}, Deadline::after(seconds(5)), Cancel::never());
              if (made) plain = std::move(*made);
              if (!made) co_await io::Sleep(reactor, Deadline::after(milliseconds(50)), Cancel::never());
            }
            EXPECT_TRUE(plain != nullptr);
            if (!plain) co_return;
            auto stream = Stream::client(std::move(plain), *s.context, {"mail.example.org", true, "k" + s.version});
            auto result = co_await stream->handshake(Deadline::after(seconds(5)), Cancel::never());
            EXPECT_TRUE(result.has_value()) << result.error().reason;
            if (result) {
              EXPECT_EQ(stream->info().version, "TLSv1." + s.version);
              EXPECT_TRUE(stream->info().peer_verified);
              EXPECT_EQ(stream->info().resumed, i == 1);
              EXPECT_EQ(stream->channel_binding().size(), s.version == "2" ? 12U : 32U);
              static_cast<void>(co_await stream->send("hello\n", Deadline::after(seconds(5)), Cancel::never()));
              // Tickets of TLS 1.3 come after the handshake.
              static_cast<void>(co_await stream->receive(Deadline::after(milliseconds(200)), Cancel::never()));
            }
            co_await stream->close();
          }
        },
        state);
    program.join();
    EXPECT_THAT(Certificates::read(Certificates::get().path("server.out")), HasSubstr("hello"));
    state.port = free_port();
  }
}

}  // namespace
}  // namespace ringpost::tls
