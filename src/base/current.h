// A value that many threads read and one replaces from time to time as a whole: certificates, rules. Whoever took the
// value keeps it to the end of what it does; the next one takes the new one. Readers that ask often have a View each,
// which takes the lock only after a change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace ringpost {

template <class T>
class Current {
 public:
  explicit Current(std::shared_ptr<T> value = nullptr) noexcept : value_(std::move(value)) {}

  /// nullptr if there is none. Any thread.
  std::shared_ptr<T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
    version_.fetch_add(1, std::memory_order_release);
  }

  /// One thread's way to read; the Current outlives it.
  class View {
   public:
    explicit View(const Current& current) noexcept : current_(current) {}
    /// Valid until the next call; who needs it longer copies the pointer.
    const std::shared_ptr<T>& get() {
      const std::uint64_t version = current_.version_.load(std::memory_order_acquire);
      if (version != seen_) {
        value_ = current_.get();
        seen_ = version;
      }
      return value_;
    }

   private:
    const Current& current_;
    std::uint64_t seen_ = 0;
    std::shared_ptr<T> value_;
  };

 private:
  mutable std::mutex mutex_;  // protects value_; held for a copy of the pointer only
  std::shared_ptr<T> value_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace ringpost
