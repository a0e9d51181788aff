#include "app/credentials.h"

#include <algorithm>

#include "account/open_store.h"
#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr std::chrono::seconds renewal_interval{2};
constexpr std::size_t helper_threads = 4;  // hashes use a core; the rest waits for directories
constexpr std::size_t steps_waiting_max = 4096;

bool wants_auth(const config::Configuration& configuration) noexcept {
  return std::ranges::any_of(configuration.server.listeners,
                             [](const auto& listener) { return listener.auth != server::AuthMode::off; });
}

}  // namespace

Result<std::unique_ptr<Credentials>> Credentials::create(const config::Configuration& configuration,
                                                         const policy::RelayAccess& access) {
  std::unique_ptr<Credentials> made(new Credentials(configuration, access));
  if (!configuration.tls.certificates.empty()) {
    made->certificates_stamp_ = tls::stamp(configuration.tls);
    auto context = tls::ServerContext::create(configuration.tls);
    if (!context) return propagate(context);
    made->trust_.tls.set(std::move(*context));
  }
  made->trust_.failures = policy::AuthFailures::create(configuration.server.limits.auth_failures);
  if (wants_auth(configuration)) {
    auto opened = made->open_accounts();
    if (!opened) return propagate(opened);
  }
  auto senders = made->make_senders();
  if (!senders) return propagate(senders);
  return made;
}

Result<void> Credentials::open_accounts() {
  auto store = account::open_store(configuration_.accounts);
  if (!store) {
    if (store.error().kind == ErrorKind::not_found) store.error().reason += " (`ringpost user add LOGIN` makes it)";
    return propagate(store);
  }
  accounts_ = std::move(*store);
  auto server = sasl::Server::create(configuration_.sasl, configuration_.hostname, *accounts_);
  if (!server) return propagate(server);
  trust_.sasl = std::move(*server);
  trust_.helpers = std::make_unique<io::OffloadPool>(helper_threads, steps_waiting_max);
  names_ = accounts_->display_names();
  return {};
}

Result<void> Credentials::make_senders() {
  auto senders = policy::SenderLogin::create(configuration_.sender, access_, names_);
  if (!senders) return propagate(senders);
  trust_.senders.set(std::move(*senders));
  return {};
}

void Credentials::renew() {
  renew_certificates();
  renew_senders();
}

void Credentials::renew_certificates() {
  const auto before = trust_.tls.get();
  if (before == nullptr) return;
  std::string stamp = tls::stamp(configuration_.tls);
  if (stamp == certificates_stamp_) return;
  auto context = tls::ServerContext::reload(configuration_.tls, *before);
  certificates_stamp_ = std::move(stamp);  // also after a failure: it is tried again when the files change again
  if (context) {
    trust_.tls.set(std::move(*context));
    Event(EventKind::reload).field("operation", "certificates").field("result", "new ones are in use").emit();
  } else {
    Event(EventKind::error)
        .field("operation", "certificates")
        .field("detail", "the old ones stay in use")
        .error(context.error())
        .emit();
  }
}

void Credentials::renew_senders() {
  if (accounts_ == nullptr) return;
  auto names = accounts_->display_names();
  if (names == names_) return;
  names_ = std::move(names);
  const auto made = make_senders();
  if (!made) Event(EventKind::error).field("operation", "display names").error(made.error()).emit();
}

Renewal::Renewal(Credentials& credentials) : credentials_(credentials), thread_([this] { run(); }) {}

Renewal::~Renewal() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Renewal::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, renewal_interval, [this] { return ending_; })) {
    lock.unlock();
    credentials_.renew();
    lock.lock();
  }
}

}  // namespace ringpost::app
