// A listening socket and its multishot accept. Each worker has its own on the same address (SO_REUSEPORT), so the
// kernel spreads connections over the cores and no socket is passed between them.
#pragma once

#include <coroutine>
#include <deque>

#include "io/file_descriptor.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/task.h"

namespace ringpost::io {

/// Bound and listening, not yet accepting. Done before privileges are dropped, once a worker.
/// Errors: refused (a low port without the right to it), io (address in use), invalid.
Result<FileDescriptor> open_listening_socket(const SocketAddress& address, int backlog);

class Acceptor final : private Operation, private Runnable, private Interrupt::Target {
 public:
  Acceptor(Reactor& reactor, FileDescriptor socket) noexcept : reactor_(reactor), socket_(std::move(socket)) {}
  ~Acceptor() { RINGPOST_ASSERT(!armed_); }

  /// The next connection. Errors: cancelled; unavailable when the process has no descriptor left (the caller waits a
  /// little and calls again).
  Task<Result<FileDescriptor>> next(Cancel cancel);
  SocketAddress address() const noexcept { return SocketAddress::of_local(socket_.get()); }
  /// Ends accepting and gives back what was accepted and not taken. Connections in the backlog are refused by the
  /// kernel when the socket closes, unless another process has it open too.
  Task<std::deque<FileDescriptor>> stop();

 private:
  static constexpr std::size_t ahead_max = 256;

  void complete(int result, std::uint32_t flags) noexcept override;
  void run() noexcept override;
  void interrupt(int error) noexcept override;
  void arm() noexcept;

  Reactor& reactor_;
  FileDescriptor socket_;
  bool armed_ = false;
  bool stopping_ = false;
  int error_ = 0;
  int interrupted_ = 0;
  std::coroutine_handle<> waiting_;
  std::deque<FileDescriptor> accepted_;
};

}  // namespace ringpost::io
