// A client's octets against every mechanism of the server: the first octet chooses it, the rest is cut at 0xFE into
// responses. Whatever comes, the exchange ends in bounded steps, never succeeds (the store's passwords are random), and
// stays ended.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/random.h"
#include "sasl/digest_response.h"
#include "sasl/scram_message.h"
#include "sasl/server.h"

namespace {

using namespace ringpost;

std::string random_string(std::size_t octets) {
  std::string text(octets, '\0');
  random_octets(std::as_writable_bytes(std::span(text)));
  return text;
}

/// Knows "user", with secrets that no input can hold.
class Store final : public account::Store {
 public:
  account::Abilities abilities() const noexcept override {
    return {.plain = true, .scram_sha256 = true, .scram_sha1 = true, .password = true, .srp = true, .names = true};
  }
  Result<account::Account> find(std::string_view login) override {
    RINGPOST_ASSERT(!login.empty() && login.find('\0') == std::string_view::npos);
    if (login == "down") return fail(ErrorKind::unavailable, "down");
    if (login != "user") return fail(ErrorKind::not_found, "unknown");
    account::Account account;
    account.identity.login = login;
    account.password = "secret" + std::to_string(random_u64());
    account.scram_sha256 = decoy(login, true);
    account.scram_sha256->stored_key = account.scram_sha256->server_key = random_string(32);
    account.scram_sha1 = decoy(login, false);
    account.scram_sha1->stored_key = account.scram_sha1->server_key = random_string(20);
    return account;
  }
  Result<account::Account> verify(std::string_view login, std::string_view password) override {
    RINGPOST_ASSERT(!login.empty() && !password.empty());
    return fail(login == "down" ? ErrorKind::unavailable : ErrorKind::refused, "no");
  }
  account::ScramKeys decoy(std::string_view /*login*/, bool /*sha256*/) override {
    return {.iterations = 4096, .salt = "salt", .stored_key = "", .server_key = ""};
  }
};

const sasl::Options& options() {
  static const sasl::Options all{.mechanisms = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
                                                "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL"},
                                 .realm = "",
                                 .keytab = "",
                                 .oauth2 = {}};
  return all;
}

const sasl::Server& server() {
  static Store store;
  static const auto made = sasl::Server::create(options(), "mx.example.com", store);
  RINGPOST_ASSERT(made.has_value());
  return **made;
}

void check_end(const sasl::Step& step) {
  RINGPOST_ASSERT(step.kind == sasl::Step::Kind::failed);
  RINGPOST_ASSERT(step.output.empty() && step.identity.login.empty() && !step.reason.empty());
  RINGPOST_ASSERT(step.login.size() <= 512);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view name = options().mechanisms[(data[0] & 0x7F) % options().mechanisms.size()];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)sasl::parse_scram_client_first(rest);
  (void)sasl::scram_iterations(rest);
  (void)sasl::parse_digest_response(rest);

  sasl::Channel channel{
      .encrypted = true, .binding = "binding", .binding_type = "tls-unique", .certificate_identities = {}};
  channel.certificate_identities = {"nobody", "somebody"};
  auto exchange = server().start(name, std::move(channel));
  RINGPOST_ASSERT(exchange.has_value());
  sasl::Step step;
  step.kind = sasl::Step::Kind::challenge;
  if (data[0] & 0x80) step = (*exchange)->step(std::nullopt);
  for (int steps = 0; step.kind == sasl::Step::Kind::challenge; ++steps) {
    RINGPOST_ASSERT(steps < 12);
    const auto cut = std::min(rest.find('\xFE'), rest.size());
    step = (*exchange)->step(rest.substr(0, cut));
    rest.remove_prefix(std::min(cut + 1, rest.size()));
  }
  check_end(step);
  check_end((*exchange)->step("again"));
  return 0;
}
