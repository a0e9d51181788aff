// TLS for a ScriptedPeer: certificates made by the openssl program for the length of a test, and the upgrade that goes
// with them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "support/scripted_peer.h"
#include "tls/server_context.h"
#include "tls/stream.h"

namespace ringpost::test {

/// An authority, and a certificate of it for `name`, in a folder of their own.
class TlsFiles {
 public:
  explicit TlsFiles(const std::string& name) {
    static int number = 0;
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("ringpost-tls-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
    std::ofstream(folder_ / "leaf") << "basicConstraints=CA:FALSE\nsubjectAltName=DNS:" << name << "\n";
    run("req -x509 -days 2 -subj '/CN=authority'" + key + "-keyout ca.key -out ca.pem");
    run("req -new -subj '/CN=" + name + "'" + key + "-keyout key.pem -out request.pem");
    run("x509 -req -days 2 -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf -out "
        "certificate.pem");
  }
  ~TlsFiles() { std::filesystem::remove_all(folder_); }
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  std::string ca() const { return (folder_ / "ca.pem").string(); }
  std::string certificate() const { return (folder_ / "certificate.pem").string(); }
  std::string key() const { return (folder_ / "key.pem").string(); }

 private:
  void run(const std::string& arguments) {
    const std::string command = "cd '" + folder_.string() + "' && openssl " + arguments + " 2>log";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::filesystem::path folder_;
};

inline io::Task<std::unique_ptr<io::Stream>> serve_tls(std::unique_ptr<io::Stream> below,
                                                       std::shared_ptr<const tls::ServerContext> context,
                                                       io::Cancel cancel) {
  auto stream = tls::Stream::server(std::move(below), std::move(context));
  auto done = co_await stream->handshake(io::Deadline::after(std::chrono::seconds(20)), cancel);
  if (done) co_return std::move(stream);
  co_await stream->close();
  co_return nullptr;
}

/// For ScriptedPeer::set_upgrade().
inline ScriptedPeer::Upgrade tls_upgrade(const TlsFiles& files) {
  tls::ServerOptions options;
  options.certificates.push_back({files.certificate(), files.key(), ""});
  auto context = tls::ServerContext::create(options);
  EXPECT_TRUE(context.has_value()) << (context ? "" : context.error().reason);
  return [made = context ? *context : nullptr](std::unique_ptr<io::Stream> below, io::Cancel cancel) {
    return serve_tls(std::move(below), made, cancel);
  };
}

}  // namespace ringpost::test
