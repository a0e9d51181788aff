// Who may relay (RFC 5321 3.6.2 and 7.9): mail for our own domains is taken from anyone, mail for foreign domains only
// from trusted networks and (with AUTH) from people who proved who they are. The one place that decides it: a local
// part with '%', '!' or '@' in it is never a way round, because only the domain of the final mailbox counts and such a
// local part in a domain of ours is refused unless the recipient table knows it literally.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "mail/address.h"
#include "policy/network.h"

namespace ringpost::policy {

/// One [[domain]]: a final destination.
struct DomainOptions {
  std::string name;  // lower case
  std::string deliver = "maildir:/var/mail/{domain}/{local}";
  std::string recipients = "*";  // or "file:PATH": one local part a line
};

struct RelayOptions {
  std::vector<Network> trusted_networks;  // [relay] trusted_networks; default 127.0.0.0/8, ::1/128 set by config
  std::vector<std::string> trusted_certificates;  // SHA-256 fingerprints, 64 lower-case hexadecimal digits
  std::vector<DomainOptions> domains;
};

struct ClientIdentity {
  IpAddress address;
  std::string login;             // empty: not authenticated
  std::string certificate = {};  // SHA-256 fingerprint of the one it has shown and holds the key of; empty: none
  bool hands_over = false;       // a sibling, with a message that it took from somebody who might send it
};

class RelayAccess {
 public:
  /// `hostname` is ours: <postmaster> without a domain, and at our hostname, is the postmaster of the hostname where
  /// that is a local domain, else of the first [[domain]]. Address literals are foreign.
  /// Reads recipient files; errors: not_found, invalid (file and line in the reason).
  static Result<RelayAccess> create(const RelayOptions& options, std::string hostname);

  bool is_local(std::string_view domain) const noexcept;  // lower case
  std::vector<std::string> local_domains() const;         // lower case
  /// May relay: authenticated, of a trusted network, with a trusted certificate, or a sibling that hands over.
  bool is_trusted(const ClientIdentity& client) const noexcept;

  /// May this client send to this mailbox? Errors are ready for the peer: refused 550 5.7.1 (relaying denied),
  /// not_found 550 5.1.1 (no such recipient here), invalid 553 5.1.3.
  /// On success an empty domain (postmaster) has been given ours.
  Result<mail::Address> check_recipient(const ClientIdentity& client, mail::Address recipient) const;

 private:
  struct Domain {
    bool any_recipient = true;
    bool in_files = false;                       // delivered to paths made of the local part
    std::unordered_set<std::string> recipients;  // lower-case local parts
  };
  const Domain* find(std::string_view domain) const noexcept;

  std::string hostname_;
  std::string postmaster_domain_;
  std::vector<Network> trusted_;
  std::vector<std::string> trusted_certificates_;
  std::vector<std::pair<std::string, Domain>> domains_;  // sorted by name
};

}  // namespace ringpost::policy
