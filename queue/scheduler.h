// Which message may be tried next. One per worker; owns the messages of its lane. Per destination it keeps a window of
// ready messages in memory (Options::window_messages), fed by new mail directly and refilled from the destination's key
// range in RocksDB in due order; everything beyond the window costs disk only. Knows when each destination is next due.
// Fair between new and deferred mail: the window takes from both in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "queue/attempt.h"
#include "queue/explain.h"
#include "queue/message_record.h"

namespace ringpost::queue {

/// Told on the scheduler's core when a destination that had nothing ready has something. Implemented by relay's
/// dispatcher.
class ReadyListener {
 public:
  virtual void on_ready(const std::string& destination) = 0;
  /// What keeps what is ready there from leaving now, for explain: gates of kind limit.
  virtual std::vector<Gate> gates(const std::string& destination) const {
    static_cast<void>(destination);
    return {};
  }

 protected:
  ~ReadyListener() = default;
};

class Scheduler {
 public:
  void set_listener(ReadyListener* listener) noexcept;  // nullptr: none; offers what is ready at once when set

  /// The next message of `destination`, with at most `recipients_max` of its due recipients there (one, with VERP).
  /// Messages past their age are failed on the way (4.4.7). nullopt: nothing is ready now; on_ready() will tell.
  std::optional<Attempt> take(const std::string& destination, std::uint32_t recipients_max);
  bool has_ready(const std::string& destination) const;

  /// Nothing of `destination` is offered before `until`: the next hop is down. `why` is what `queue show` and explain
  /// say.
  void postpone(const std::string& destination, MonotonicTime until, const std::string& why);

  /// For a hand-off, and not undone: from now on everything of our lanes is offered, due or not, however old, and no
  /// destination is postponed. What an operator's mark covers stays where it is.
  void offer_everything();
  /// After that: nothing is ready, and nothing will be but what attempts that are under way give back. Looks at every
  /// destination: not for every message.
  bool is_exhausted() const;

  Scheduler(Shard& shard);
  ~Scheduler();

 private:
  friend class Shard;
  friend class Attempt;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
