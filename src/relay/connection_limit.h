// How many connections the process has to each destination, so that connections_max holds for all workers together.
// Asked only when a connection is opened or closed, which is rare, under a mutex that no message touches
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

  /// `held`: places for `key` that the asking worker already has. nullopt: ask again later.
  std::optional<Place> try_open(const std::string& key, std::uint32_t max, std::uint32_t held, MonotonicTime now);
  /// A worker without any place waits for this destination: an idle connection should not be kept.
  bool others_wait(const std::string& key, MonotonicTime now) const;
  std::uint32_t open(const std::string& key) const;

 private:
  struct Count {
    std::uint32_t open = 0;
    MonotonicTime starving_until = MonotonicTime::min();
  };
  void give_back(const std::string& key) noexcept;

  mutable std::mutex mutex_;                       // protects counts_
  std::unordered_map<std::string, Count> counts_;  // with an open connection, or somebody who waits
};

}  // namespace ringpost::relay
