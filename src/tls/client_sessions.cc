#include "tls/client_sessions.h"

namespace ringpost::tls {

const ClientSessions::Entry* ClientSessions::find(const ClientWish& wish) {
  const auto found = by_key_.find(wish.session_key);
  if (wish.session_key.empty() || found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  const Entry& entry = entries_.front();
  if (entry.dane != wish.dane) return nullptr;
  if (entry.server_name != wish.server_name || (wish.must_verify() && !entry.info.peer_verified)) return nullptr;
  return &entry;
}

void ClientSessions::keep(const ClientWish& wish, wolf::Session session, const ConnectionInfo& info) {
  if (wish.session_key.empty()) return;
  forget(wish.session_key);
  entries_.push_front({wish.session_key, wish.server_name, wish.dane, std::move(session), info});
  by_key_[wish.session_key] = entries_.begin();
  if (by_key_.size() > sessions_max) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

void ClientSessions::forget(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace ringpost::tls
