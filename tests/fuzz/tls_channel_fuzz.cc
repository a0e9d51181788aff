// A server that is sent anything at all neither crashes nor waits for what cannot come: each piece either makes
// progress, asks for more, or ends the handshake with a reason. The certificates are made at the first run and thrown
// away.
#include <filesystem>
#include <fstream>

#include "tests/fuzz/require.h"
#include "tls/certificate.h"
#include "tls/channel.h"
#include "tls/hello.h"

using namespace ringpost;

namespace {

// An expired one would do as well for the parsers, but the context refuses it; this one is made for 100 years.
std::shared_ptr<const tls::ServerCredentials> make_credentials() {
  char folder[] = "/tmp/ringpost-fuzz-XXXXXX";
  require(::mkdtemp(folder) != nullptr);
  const std::string at = folder;
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=fuzz -keyout " + at +
      "/key -out " + at + "/certificate 2>/dev/null";
  require(std::system(command.c_str()) == 0);
  tls::ServerOptions options;
  options.certificates.push_back({at + "/certificate", at + "/key", {}});
  options.request_client_certificate = true;
  auto context = tls::ServerContext::create(options);
  std::filesystem::remove_all(at);
  require(context.has_value());
  return std::static_pointer_cast<const tls::ServerCredentials>(std::shared_ptr<const tls::ServerContext>(*context));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto credentials = make_credentials();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(tls::parse_hello(input));
  static_cast<void>(tls::read_certificate(input));

  tls::Channel channel(credentials);
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, 1 + static_cast<std::uint8_t>(rest[0]) * 4U);
    rest.remove_prefix(piece.size());
    channel.feed(io::Slice::copy_of(piece));
    const auto progress = channel.handshake();
    require(channel.output().size() < 100'000);
    if (!progress) {
      require(!progress.error().reason.empty() && progress.error().reason.size() < 500);
      break;
    }
    require(*progress == tls::Channel::Progress::wants_octets);  // nobody guesses a Finished message
  }
  return 0;
}
