// How many connections the process has to each address it sends to, all routes and workers together, so that
// connections_per_host_max holds where several sites share a host, and where a site has many hosts. Asked when a
// connection is opened or closed. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/assert.h"

namespace ringpost::relay {

class HostPlaces {
 public:
  /// The right to be connected to one address; given back when it goes.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Place() {
      if (owner_ != nullptr) owner_->give_back(address_);
    }

   private:
    friend class HostPlaces;
    Place(HostPlaces& owner, std::string address) noexcept : owner_(&owner), address_(std::move(address)) {}
    HostPlaces* owner_ = nullptr;  // outlives every place
    std::string address_;
  };

  /// `max` 0: there is no limit. nullopt: there are as many already.
  std::optional<Place> take(const std::string& address, std::uint32_t max) {
    const std::lock_guard lock(mutex_);
    std::uint32_t& count = open_[address];
    if (max != 0 && count >= max) return std::nullopt;
    ++count;
    return Place(*this, address);
  }
  std::uint32_t open(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto known = open_.find(address);
    return known == open_.end() ? 0 : known->second;
  }

 private:
  void give_back(const std::string& address) noexcept {
    const std::lock_guard lock(mutex_);
    const auto known = open_.find(address);
    RINGPOST_ASSERT(known != open_.end() && known->second > 0);
    if (--known->second == 0) open_.erase(known);
  }

  mutable std::mutex mutex_;                             // protects open_
  std::unordered_map<std::string, std::uint32_t> open_;  // only what is open: bounded by the process's descriptors
};

}  // namespace ringpost::relay
