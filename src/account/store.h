// Where accounts are kept: a file, LDAP, PostgreSQL, each behind this interface, with a cache of short life before the
// remote ones. Calls may wait for a disk or a network, so they are made on helper threads only (io::OffloadPool), from
// many at once. A back end that is down is `unavailable` (the peer hears 454 4.7.0), never "no such account".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.h"
#include "base/result.h"

namespace ringpost::account {

/// What a store can verify, so that only mechanisms that can succeed are offered.
struct Abilities {
  bool plain = false;         // verify(login, password): PLAIN, LOGIN
  bool scram_sha256 = false;  // find() may give SCRAM keys
  bool scram_sha1 = false;
  bool password = false;  // find() may give the password: CRAM-MD5, DIGEST-MD5, NTLM
  bool srp = false;
  bool names = false;  // find() knows accounts without a password: EXTERNAL, GSSAPI, OAUTHBEARER
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Abilities abilities() const noexcept = 0;
  /// The account, whoever asks. Errors: not_found, unavailable.
  virtual Result<Account> find(std::string_view login) = 0;
  /// The account if `password` is its password. An unknown login costs as much as a wrong password. Errors: refused
  /// (unknown, disabled or wrong, which is all the same to the peer), unavailable.
  virtual Result<Account> verify(std::string_view login, std::string_view password) = 0;
  /// For an unknown login: the SCRAM salt and iterations to answer with, always the same for the same login, so that a
  /// stranger can't tell. Never fails.
  virtual ScramKeys decoy(std::string_view login, bool sha256) = 0;
  /// All display names with their logins, where the back end can list them; empty otherwise. For policy.
  virtual std::vector<std::pair<std::string, std::string>> display_names() { return {}; }
};

}  // namespace ringpost::account
