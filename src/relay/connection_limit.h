// How many connections the process has to each site, so that connections_max holds for all workers together, and how
// many the site bears (concurrency.h). Asked when a connection is opened or closed, and told of messages that were
// taken only until the number has grown to its maximum: once it has, no message touches the mutex
// (docs/decisions/0001-lanes.md).
//
// Nobody starves: a worker that was refused while it had none of the places is remembered for a moment, and during that
// moment no worker that has one gets another, so the next place that comes free is for the one without.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "relay/concurrency.h"

namespace ringpost::relay {

class ConnectionLimit {
 public:
  /// The right to have one connection open; given back when it goes. On any thread.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limit_, other.limit_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->give_back(key_);
    }
    bool held() const noexcept { return limit_ != nullptr; }

   private:
    friend class ConnectionLimit;
    Place(ConnectionLimit& limit, std::string key) noexcept : limit_(&limit), key_(std::move(key)) {}
    ConnectionLimit* limit_ = nullptr;  // outlives every place
    std::string key_;
  };

  /// How long a refused worker is remembered; it asks again well before.
  static constexpr Duration remembered = std::chrono::milliseconds(300);
  /// How long what a site bears is remembered when there is no connection to it.
  static constexpr Duration learned_for = std::chrono::minutes(10);

  /// `held`: places for `key` that the asking worker already has. nullopt: ask again later.
  std::optional<Place> try_open(const std::string& key, std::uint32_t max, std::uint32_t held, MonotonicTime now);
  /// A worker without any place waits for this destination: an idle connection should not be kept.
  bool others_wait(const std::string& key, MonotonicTime now) const;
  std::uint32_t open(const std::string& key) const;

  /// The site took `messages` since the last word. False: no need to tell, until there is trouble again.
  bool succeeded(const std::string& key, std::uint32_t messages, std::uint32_t max);
  /// It could not be reached, or spoke of rates or load. False: that has been counted a moment ago.
  bool troubled(const std::string& key, MonotonicTime now);
  /// More connections are open than it bears: one should close.
  bool is_crowded(const std::string& key, std::uint32_t max) const;
  /// How many may be open now.
  std::uint32_t allowed(const std::string& key, std::uint32_t max) const;

 private:
  struct Count {
    std::uint32_t open = 0;
    MonotonicTime starving_until = MonotonicTime::min();
    MonotonicTime told_at = MonotonicTime::min();  // of its concurrency
    Concurrency concurrency;
    bool is_idle(MonotonicTime now) const noexcept {
      return open == 0 && now >= starving_until && (told_at == MonotonicTime::min() || now >= told_at + learned_for);
    }
  };
  void give_back(const std::string& key) noexcept;

  static constexpr std::size_t remembered_keys_max = 4096;  // beyond it, keys with nothing to remember are swept out

  mutable std::mutex mutex_;  // protects all below
  std::size_t swept_above_ = remembered_keys_max;
  std::unordered_map<std::string, Count> counts_;  // with an open connection, somebody who waits, or something learned
};

}  // namespace ringpost::relay
