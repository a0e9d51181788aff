#include "app/credentials.h"

#include <algorithm>

#include "account/open_store.h"
#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

bool wants_auth(const config::Configuration& configuration) noexcept {
  return std::ranges::any_of(configuration.server.listeners,
                             [](const auto& listener) { return listener.auth != server::AuthMode::off; });
}

}  // namespace

Result<std::unique_ptr<Credentials>> Credentials::create(std::shared_ptr<const config::Configuration> configuration,
                                                         const server::Settings* before) {
  const config::Configuration& c = *configuration;
  std::unique_ptr<Credentials> made(new Credentials(configuration));
  server::Settings settings;
  settings.options = std::shared_ptr<const server::Options>(configuration, &c.server);
  settings.extensions = server::offered_by(c.server);
  auto access = policy::RelayAccess::create(c.relay_access, c.hostname);
  if (!access) return propagate(access);
  settings.access = std::make_shared<const policy::RelayAccess>(std::move(*access));
  auto certificates = made->make_tls(settings, before);
  if (!certificates) return propagate(certificates);
  if (wants_auth(c)) {
    auto opened = made->open_accounts(settings);
    if (!opened) return propagate(opened);
  }
  auto senders = made->make_senders(settings);
  if (!senders) return propagate(senders);
  made->settings_ = std::make_shared<const server::Settings>(std::move(settings));
  return made;
}

Result<void> Credentials::make_tls(server::Settings& settings, const server::Settings* before) {
  const tls::ServerOptions& options = configuration_->tls;
  if (options.certificates.empty()) return {};
  certificates_stamp_ = tls::stamp(options);
  const bool resumes = before != nullptr && before->tls != nullptr;
  auto context = resumes ? tls::ServerContext::reload(options, *before->tls) : tls::ServerContext::create(options);
  if (!context) return propagate(context);
  settings.tls = std::move(*context);
  return {};
}

Result<void> Credentials::open_accounts(server::Settings& settings) {
  auto store = account::open_store(configuration_->accounts);
  if (!store) {
    if (store.error().kind == ErrorKind::not_found) store.error().reason += " (`ringpost user add LOGIN` makes it)";
    return propagate(store);
  }
  settings.accounts = std::move(*store);
  auto server = sasl::Server::create(configuration_->sasl, configuration_->hostname, *settings.accounts);
  if (!server) return propagate(server);
  settings.sasl = std::move(*server);
  names_ = settings.accounts->display_names();
  return {};
}

Result<void> Credentials::make_senders(server::Settings& settings) {
  auto senders = policy::SenderLogin::create(configuration_->sender, *settings.access, names_);
  if (!senders) return propagate(senders);
  settings.senders = std::move(*senders);
  return {};
}

bool Credentials::renew() {
  server::Settings fresh = *settings_;
  const bool other_certificates = renew_certificates(fresh);
  const bool other_senders = renew_senders(fresh);
  if (!other_certificates && !other_senders) return false;
  settings_ = std::make_shared<const server::Settings>(std::move(fresh));
  return true;
}

bool Credentials::renew_certificates(server::Settings& settings) {
  if (settings.tls == nullptr) return false;
  std::string stamp = tls::stamp(configuration_->tls);
  if (stamp == certificates_stamp_) return false;
  auto context = tls::ServerContext::reload(configuration_->tls, *settings.tls);
  certificates_stamp_ = std::move(stamp);  // also after a failure: it is tried again when the files change again
  if (!context) {
    Event(EventKind::error)
        .field("operation", "certificates")
        .field("detail", "the old ones stay in use")
        .error(context.error())
        .emit();
    return false;
  }
  settings.tls = std::move(*context);
  Event(EventKind::reload).field("operation", "certificates").field("result", "new ones are in use").emit();
  return true;
}

bool Credentials::renew_senders(server::Settings& settings) {
  if (settings.accounts == nullptr) return false;
  auto names = settings.accounts->display_names();
  if (names == names_) return false;
  names_ = std::move(names);
  const auto made = make_senders(settings);
  if (!made) Event(EventKind::error).field("operation", "display names").error(made.error()).emit();
  return made.has_value();
}

}  // namespace ringpost::app
