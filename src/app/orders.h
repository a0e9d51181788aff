// What the process is told while it serves, from wherever it comes: signals, the admin API, the process that takes
// over. The main thread waits here and carries out one order after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "admin/server.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/file_descriptor.h"

namespace ringpost::app {

struct Order {
  enum class Kind : std::uint8_t {
    stop,       // SIGTERM, SIGINT: no new sessions; what is in progress is finished
    stop_now,   // SIGQUIT
    reload,     // SIGHUP, admin API
    drain,      // admin API: as stop, but first deliver what is due
    hand_over,  // a successor has connected to the take-over socket
  };
  Kind kind = Kind::stop;
  std::string from;                                                // "SIGHUP", "admin API", for the log
  Duration patience{};                                             // drain: how long what is due may take
  bool hand_off = false;                                           // drain: the rest goes to the siblings
  io::FileDescriptor successor = {};                               // hand_over: the connection
  std::shared_ptr<std::promise<admin::ReloadReport>> report = {};  // reload: who waits for it; nullptr: the log
};

class Orders {
 public:
  /// Signals must be blocked in every thread (process.h). Errors: io.
  static Result<std::unique_ptr<Orders>> open();

  /// The next order; waits for it. `take_over_socket` is watched for connections, -1: none.
  Order wait(int take_over_socket);
  /// The next order if there is one within `most`.
  std::optional<Order> wait_for(Duration most, int take_over_socket);
  /// Any thread.
  void give(Order order);
  /// Nothing more is carried out: whoever waits for a report gets std::future_error. Any thread.
  void close();

 private:
  Orders(io::FileDescriptor signals, io::FileDescriptor bell) noexcept
      : signals_(std::move(signals)), bell_(std::move(bell)) {}
  std::optional<Order> take();
  std::optional<Order> read_signal();

  io::FileDescriptor signals_;  // signalfd(2)
  io::FileDescriptor bell_;     // eventfd(2): there is something in given_
  std::mutex mutex_;            // protects what follows
  bool closed_ = false;
  std::deque<Order> given_;
};

}  // namespace ringpost::app
