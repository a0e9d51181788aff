// A listener on one worker: accepts connections on its own socket and runs a Session for each in its scope. Ends in two
// steps: drain() takes no new connection and lets sessions end at their next command; close() waits for them, for a
// while, and then cancels what is left.
#pragma once

#include "io/listener.h"
#include "io/scope.h"
#include "server/context.h"

namespace ringpost::server {

class Listener {
 public:
  Listener(const Services& services, std::shared_ptr<const ListenerOptions> options, io::FileDescriptor socket);

  void start();
  /// For sessions that begin from now on.
  void set_options(std::shared_ptr<const ListenerOptions> options) noexcept { context_.listener = std::move(options); }
  std::string address() const { return acceptor_.address().text(); }
  std::size_t sessions() const noexcept { return sessions_.running(); }

  /// After drain(): nobody is left, and it may go.
  bool has_ended() const noexcept { return accepting_.running() == 0 && sessions_.running() == 0; }

  /// Sessions between transactions hear it at once, the others after their reply.
  void drain();
  /// Sessions that have not ended `grace` after this are cut off (their transaction was not acknowledged).
  io::Task<> close(Duration grace);

 private:
  io::Task<> accept();
  io::Task<> begin_session(io::FileDescriptor socket);
  static io::Task<> cut_off(io::Reactor& reactor, io::Scope& sessions, io::Deadline when, io::Cancel cancel);

  Context context_;
  io::Acceptor acceptor_;
  io::Scope accepting_;
  io::Scope sessions_;
};

}  // namespace ringpost::server
