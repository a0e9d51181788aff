// What a server shows: certificates with their keys, each in a context of the library, and whom it trusts. The inside
// of ServerContext; built whole, then only read, by any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/certificate.h"
#include "tls/server_context.h"
#include "tls/staple.h"
#include "tls/ticket_keys.h"
#include "tls/trust.h"
#include "tls/wolf.h"

namespace ringpost::tls {

struct ServerCertificate {
  wolf::Context context;
  CertificateFacts facts;
  std::unique_ptr<Staple> staple;  // null: none
};

class ServerCredentials final : public ServerContext {
 public:
  explicit ServerCredentials(std::shared_ptr<TicketKeys> keys) noexcept : tickets(std::move(keys)) {}

  const std::vector<std::string>& warnings() const noexcept override { return all_warnings; }

  /// The certificate for what the client asked for; an exact name goes before a wildcard, the first one where none
  /// matches.
  const ServerCertificate& choose(std::string_view server_name) const;

  std::vector<ServerCertificate> certificates;  // not empty
  bool asks_for_certificate = false;
  std::optional<TrustStore> client_trust;  // none: client certificates are only recorded
  std::shared_ptr<TicketKeys> tickets;
  std::vector<std::string> all_warnings;
};

/// Whether the certificate stands for the name, by its patterns of DNS names alone.
enum class NameMatch { none, wildcard, exact };
NameMatch match_of(const CertificateFacts& facts, std::string_view server_name);

}  // namespace ringpost::tls
