// What a client has: its trust, its certificate, and the sessions of earlier connections. The inside of ClientContext;
// one core.
//
// A session is kept with what the certificate of its first connection said, because a resumed handshake shows none; it
// is taken up only by a connection that asks for the same name, the same DANE and no more verification than there was.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "tls/client_context.h"
#include "tls/connection_info.h"
#include "tls/stream.h"
#include "tls/trust.h"
#include "tls/wolf.h"

namespace ringpost::tls {

class ClientSessions {
 public:
  static constexpr std::size_t sessions_max = 1'000;  // at most; then the one that was used longest ago goes

  struct Entry {
    std::string key;
    std::string server_name;
    DaneWish dane;
    wolf::Session session;
    ConnectionInfo info;
  };

  /// Valid until the next call; null: none that may be used.
  const Entry* find(const ClientWish& wish);
  void keep(const ClientWish& wish, wolf::Session session, const ConnectionInfo& info);
  void forget(const std::string& key);
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

class ClientCredentials final : public ClientContext {
 public:
  wolf::Context context;
  TrustStore trust;
  ClientSessions sessions;
};

}  // namespace ringpost::tls
