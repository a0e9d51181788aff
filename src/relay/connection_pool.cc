#include "relay/connection_pool.h"

#include <algorithm>

#include "telemetry/log.h"

namespace ringpost::relay {

namespace {

io::Task<> say_goodbye(std::unique_ptr<OutboundConnection> connection, io::Cancel cancel) {
  co_await connection->client.quit(io::Deadline::never(), cancel);
  telemetry::Event(telemetry::EventKind::disconnect)
      .field("remote", connection->remote)
      .field("messages", connection->messages)
      .emit();
}

}  // namespace

void ConnectionPool::retire(std::unique_ptr<OutboundConnection> connection) {
  scope_.spawn(say_goodbye(std::move(connection), scope_.cancel()));
}

void ConnectionPool::put(const std::string& site, std::unique_ptr<OutboundConnection> connection) {
  while (idle_.size() >= connections_max_ && !idle_.empty()) retire(remove(idle_.begin()));
  idle_.push_back({site, monotonic_now() + keep_, std::move(connection)});
  by_site_[site].push_back(std::prev(idle_.end()));
  if (!timer_.linked()) reactor_.timers().arm(timer_, idle_.front().until);
}

std::unique_ptr<OutboundConnection> ConnectionPool::remove(Position position) {
  const auto known = by_site_.find(position->site);
  std::erase(known->second, position);
  if (known->second.empty()) by_site_.erase(known);
  auto connection = std::move(position->connection);
  idle_.erase(position);
  return connection;
}

std::uint32_t ConnectionPool::idle(const std::string& site) const {
  const auto known = by_site_.find(site);
  return known == by_site_.end() ? 0 : static_cast<std::uint32_t>(known->second.size());
}

void ConnectionPool::expire() noexcept {
  const MonotonicTime now = monotonic_now();
  while (!idle_.empty() && idle_.front().until <= now) retire(remove(idle_.begin()));
  if (!idle_.empty()) reactor_.timers().arm(timer_, idle_.front().until);
}

void ConnectionPool::close_all() {
  while (!idle_.empty()) retire(remove(idle_.begin()));
  timer_.unlink();
}

}  // namespace ringpost::relay
