// Who may log in, who may send as whom and under which certificates we speak: made from a configuration, and renewed
// while we run when the files it names change. What is new and not usable is logged, and the old stays in use.
//
// One thread at a time (Services sees to it); the workers see the Settings it made.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "server/settings.h"

namespace ringpost::app {

class Credentials {
 public:
  /// `before`: what is in use now, whose TLS sessions may be resumed; nullptr at the start.
  /// Errors: those of RelayAccess::create, ServerContext::create, open_store, sasl::Server::create and
  /// SenderLogin::create.
  static Result<std::unique_ptr<Credentials>> create(std::shared_ptr<const config::Configuration> configuration,
                                                     const server::Settings* before);

  std::shared_ptr<const server::Settings> settings() const { return settings_; }
  /// Looks at the files. True: settings() are others now.
  bool renew();

 private:
  explicit Credentials(std::shared_ptr<const config::Configuration> configuration) noexcept
      : configuration_(std::move(configuration)) {}
  Result<void> make_tls(server::Settings& settings, const server::Settings* before);
  Result<void> open_accounts(server::Settings& settings);
  Result<void> make_senders(server::Settings& settings);
  bool renew_certificates(server::Settings& settings);
  bool renew_senders(server::Settings& settings);

  const std::shared_ptr<const config::Configuration> configuration_;
  std::shared_ptr<const server::Settings> settings_;
  std::string certificates_stamp_;  // of the files in use, or of those last refused
  std::vector<std::pair<std::string, std::string>> names_;
};

}  // namespace ringpost::app
