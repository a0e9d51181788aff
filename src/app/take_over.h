// Changing the program while clients come: the new process asks the one that serves for its listening sockets, gets
// them, and waits until that one has closed the queue; connections made meanwhile wait in the sockets' backlog.
//
//   successor (new)                      predecessor (old)
//   "ringpost take-over 1"        --->
//                                 <---   "listener ADDRESS" with the descriptors of its sockets; for each listener
//                                 <---   "all"
//   checks and prepares everything
//   "go"                          --->   ends its deliveries, then its sessions; closes the queue
//                                 <---   "closed NANOSECONDS", when it stopped to accept (CLOCK_MONOTONIC)
//
// Over a unix socket (SOCK_SEQPACKET: a message is a message) in the data directory, so it is those two that have the
// same queue. Where the successor goes away before its predecessor has stopped to accept, that one simply goes on.
// Both sides believe only root and their own user (SO_PEERCRED). Blocking, with time-outs; main thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/listening_sockets.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/file_descriptor.h"

namespace ringpost::app {

/// Where a successor connects. Errors: io.
Result<io::FileDescriptor> open_take_over_socket(const std::string& data_dir);

/// The new process, as the old one sees it.
class Successor {
 public:
  /// Errors: refused (another user), invalid (it speaks otherwise), timed_out.
  static Result<Successor> meet(io::FileDescriptor connection);

  Result<void> give(const std::vector<ListeningSockets::Listener>& listeners);
  /// Returns when it is ready to serve. Errors: closed, timed_out, invalid.
  Result<void> wait_until_ready();
  /// It has closed its end.
  bool is_gone() const noexcept;
  void say_closed(MonotonicTime stopped_accepting) const;

 private:
  explicit Successor(io::FileDescriptor connection) noexcept : connection_(std::move(connection)) {}
  io::FileDescriptor connection_;
};

/// The old process, as the new one sees it.
class Predecessor {
 public:
  /// nullopt: nobody serves this data directory. Errors: refused, io.
  static Result<std::optional<Predecessor>> find(const std::string& data_dir);

  /// Errors: closed, timed_out, invalid.
  Result<std::vector<InheritedSocket>> take_sockets();
  /// We are ready: it may end.
  Result<void> say_go();
  /// When it stopped to accept. Errors: closed (it went without a word: its queue may be open or not), timed_out.
  Result<MonotonicTime> wait_until_closed();

 private:
  explicit Predecessor(io::FileDescriptor connection) noexcept : connection_(std::move(connection)) {}
  io::FileDescriptor connection_;
};

}  // namespace ringpost::app
