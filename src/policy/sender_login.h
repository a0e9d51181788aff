// May this client send as this person? Authenticated users use the addresses of their account, in MAIL FROM and in
// every mailbox of From:, Sender: and their Resent- forms; strangers don't use the domains that are ours; and nobody's
// display name claims somebody else's. The one place that decides it; docs/senders.md tells it to operators.
//
// Standards: RFC 6409 6.1 and 8.1 (enforced submission rights, Sender), RFC 5322 3.6.2, RFC 2047 (encoded words),
// Unicode TR 39 (confusables).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mail/address.h"
#include "mail/identity.h"
#include "mail/originator_fields.h"
#include "policy/network.h"
#include "policy/relay_access.h"

namespace ringpost::policy {

enum class Enforcement : std::uint8_t { enforce, log, off };

/// [sender]
struct SenderOptions {
  bool local_domains_require_auth = true;
  std::vector<Network> local_domains_from;  // besides trusted_networks: may use our domains without AUTH
  Enforcement envelope = Enforcement::enforce;
  Enforcement header = Enforcement::enforce;
  Enforcement display_name = Enforcement::log;
  std::vector<std::string> protected_names;
  std::string groups;  // file of groups: "NAME: ADDRESS, ADDRESS ..." a line; empty: none
};

/// What a check found. `rule` is a stable word for replies, log and metrics; empty: nothing to complain of.
struct SenderVerdict {
  std::string_view rule;  // "envelope-not-yours", "from-not-yours", "from-missing", ... (docs/senders.md has all)
  std::string detail;     // the address or name concerned, for the reply and the log
  Enforcement enforcement = Enforcement::off;
  bool refused() const noexcept { return !rule.empty() && enforcement == Enforcement::enforce; }
};

class SenderLogin {
 public:
  /// `access` outlives it: it knows our domains and trusted networks. `names`: display name and login of every account
  /// the store can list. Errors: not_found, invalid (groups file, with its line).
  static Result<std::unique_ptr<SenderLogin>> create(const SenderOptions& options, const RelayAccess& access,
                                                     std::vector<std::pair<std::string, std::string>> names);
  virtual ~SenderLogin() = default;

  /// MAIL FROM. `identity` is nullptr for a client that did not authenticate. The null reverse-path is always allowed.
  virtual SenderVerdict check_envelope(const ClientIdentity& client, const mail::Identity* identity,
                                       const mail::Address& reverse_path) const = 0;
  /// Whether check_header has anything to ask of this client's messages: only then their originator fields are needed.
  virtual bool wants_header(const ClientIdentity& client, const mail::Identity* identity) const = 0;
  /// After DATA: every verdict that is not clean, the ones that refuse first.
  virtual std::vector<SenderVerdict> check_header(const ClientIdentity& client, const mail::Identity* identity,
                                                  const mail::OriginatorFields& fields) const = 0;
};

}  // namespace ringpost::policy
