// The sockets on which we listen: bound by us, handed over by the service manager (sd_listen_fds(3)), or taken over
// from the process that served before us. One for each listener and worker (SO_REUSEPORT); where we may not bind more,
// workers share one. Kept here for as long as we serve, so that they can be handed on; the workers have duplicates.
//
// The main thread only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_descriptor.h"
#include "server/options.h"

namespace ringpost::app {

/// A socket from elsewhere. `name` is that of the listener it belonged to; empty: only the socket itself knows.
struct InheritedSocket {
  std::string name;
  io::FileDescriptor socket;
};

/// What sd_listen_fds(3) gives; taken out of the environment. Errors: invalid.
Result<std::vector<InheritedSocket>> sockets_of_service_manager();

class ListeningSockets {
 public:
  explicit ListeningSockets(unsigned workers) noexcept : workers_(workers) {}

  /// Makes the set that `listeners` need out of those we have, `inherited`, and fresh ones; nothing changes before all
  /// could be had, and what is not needed any more closes at commit(). Errors: refused, io (address in use), invalid.
  Result<void> prepare(const std::vector<server::ListenerOptions>& listeners, std::vector<InheritedSocket> inherited);
  void commit() noexcept { now_ = std::exchange(next_, {}); }
  void abandon() noexcept { next_.clear(); }
  /// Nobody is accepted here any more, as soon as the workers have closed theirs.
  void close() noexcept { now_.clear(); }

  /// Inherited sockets that no listener wanted, by address.
  std::vector<std::string> unwanted() const { return unwanted_; }

  struct Listener {
    std::string name;  // the address as the configuration writes it; with "#2" the second one of that address
    bool is_new = false;
    std::vector<io::FileDescriptor> sockets;  // as many as workers, at least
    std::string address() const;              // as bound
  };
  /// Parallel to the listeners of the last commit() or, before it, of prepare().
  const std::vector<Listener>& listeners() const noexcept { return now_; }
  const std::vector<Listener>& prepared() const noexcept { return next_; }
  /// Duplicates of what `worker` accepts on. Errors: io (no descriptors left).
  static Result<std::vector<io::FileDescriptor>> share_of(const Listener& listener, unsigned worker, unsigned workers);

 private:
  unsigned workers_;
  std::vector<Listener> now_, next_;
  std::vector<std::string> unwanted_;
};

}  // namespace ringpost::app
