// Who may log in and under which certificates we speak: made from the configuration at the start, and renewed while we
// run when the files change. What is new and not usable is logged, and the old stays in use.
//
// renew() is called by one thread (Renewal below); the workers see what it made through server::Trust.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "account/store.h"
#include "config/configuration.h"
#include "policy/relay_access.h"
#include "server/context.h"

namespace ringpost::app {

class Credentials {
 public:
  /// Both outlive it. Errors: those of ServerContext::create, open_store, sasl::Server::create and SenderLogin::create.
  static Result<std::unique_ptr<Credentials>> create(const config::Configuration& configuration,
                                                     const policy::RelayAccess& access);

  server::Trust& trust() noexcept { return trust_; }
  void renew();

 private:
  Credentials(const config::Configuration& configuration, const policy::RelayAccess& access) noexcept
      : configuration_(configuration), access_(access) {}
  Result<void> open_accounts();
  Result<void> make_senders();
  void renew_certificates();
  void renew_senders();

  const config::Configuration& configuration_;
  const policy::RelayAccess& access_;
  std::unique_ptr<account::Store> accounts_;  // nullptr: no listener has AUTH
  server::Trust trust_;
  std::string certificates_stamp_;  // of the files in use, or of those last refused
  std::vector<std::pair<std::string, std::string>> names_;
};

/// A thread that calls renew() every few seconds, until it is destroyed.
class Renewal {
 public:
  explicit Renewal(Credentials& credentials);
  ~Renewal();
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

 private:
  void run();

  Credentials& credentials_;
  std::mutex mutex_;  // protects ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ringpost::app
