#include "account/directory_password.h"

#include <array>
#include <string>

#include "account/scram_keys.h"
#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/equal.h"
#include "crypto/password_hash.h"

namespace ringpost::account {

namespace {

struct Scheme {
  std::string_view name;
  crypto::Digest digest;
  bool salted;
};
constexpr std::array<Scheme, 6> digests{{{"SHA", crypto::Digest::sha1, false},
                                         {"SSHA", crypto::Digest::sha1, true},
                                         {"SHA256", crypto::Digest::sha256, false},
                                         {"SSHA256", crypto::Digest::sha256, true},
                                         {"SHA512", crypto::Digest::sha512, false},
                                         {"SSHA512", crypto::Digest::sha512, true}}};

bool digest_matches(const Scheme& scheme, std::string_view stored, std::string_view password) {
  const auto octets = base64_decode(stored);
  const std::size_t size = crypto::digest_octets(scheme.digest);
  if (!octets || octets->size() < size || (octets->size() > size) != scheme.salted) return false;
  std::string input(password);
  input += octets->substr(size);  // the salt
  const bool matches = crypto::equal_in_constant_time(crypto::digest(scheme.digest, input), octets->substr(0, size));
  crypto::wipe(input);
  return matches;
}

}  // namespace

bool directory_password_matches(std::string_view stored, std::string_view password) {
  if (stored.empty() || password.empty()) return false;
  const std::size_t end = stored.starts_with('{') ? stored.find('}') : std::string_view::npos;
  if (end == std::string_view::npos) return crypto::equal_in_constant_time(stored, password);
  const std::string_view scheme = stored.substr(1, end - 1);
  const std::string_view rest = stored.substr(end + 1);
  if (iequals(scheme, "CRYPT")) return crypto::check_password(password, rest);
  if (iequals(scheme, "PLAIN") || iequals(scheme, "CLEARTEXT")) return crypto::equal_in_constant_time(rest, password);
  for (const bool sha256 : {true, false})
    if (const auto keys = parse_scram_keys(stored, sha256); keys && istarts_with(scheme, "SCRAM-"))
      return scram_keys_match(*keys, password, sha256);
  for (const Scheme& known : digests)
    if (iequals(scheme, known.name)) return digest_matches(known, rest, password);
  return false;
}

}  // namespace ringpost::account
