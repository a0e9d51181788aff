#include "sasl/client_mechanism.h"

#include <array>
#include <fstream>

#include "crypto/equal.h"
#include "sasl/gsasl_client.h"
#include "sasl/oauth_client.h"

namespace ringpost::sasl {

namespace {

constexpr std::array mechanisms{
    ClientMechanism{.name = "SCRAM-SHA-256", .start = start_gsasl_client},
    ClientMechanism{.name = "SCRAM-SHA-1", .start = start_gsasl_client},
    ClientMechanism{.name = "CRAM-MD5", .start = start_gsasl_client},
    ClientMechanism{.name = "PLAIN", .start = start_gsasl_client, .shows_secret = true},
    ClientMechanism{.name = "LOGIN", .start = start_gsasl_client, .shows_secret = true},
    ClientMechanism{.name = "OAUTHBEARER", .start = start_oauth_client, .shows_secret = true, .automatic = false},
    ClientMechanism{.name = "XOAUTH2", .start = start_oauth_client, .shows_secret = true, .automatic = false},
};

}  // namespace

std::span<const ClientMechanism> client_mechanism_table() noexcept {
  return mechanisms;
}

Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string secret(secret_octets_max + 1, '\0');
  if (!file) return fail(ErrorKind::not_found, "cannot read the secret in " + path);
  file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  if (file.bad()) return fail(ErrorKind::not_found, "cannot read the secret in " + path);
  secret.resize(static_cast<std::size_t>(file.gcount()));
  const bool too_large = secret.size() > secret_octets_max;
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (too_large || secret.empty() || secret.find('\0') != std::string::npos) {
    crypto::wipe(secret);
    return fail(ErrorKind::invalid, "no usable secret in " + path);
  }
  return secret;
}

}  // namespace ringpost::sasl
