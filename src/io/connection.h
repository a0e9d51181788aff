// A plain TCP or unix-socket connection. TCP_NODELAY is on: replies and commands are gathered before they are sent.
#pragma once

#include <memory>

#include "io/file_descriptor.h"
#include "io/reactor.h"
#include "io/receiver.h"
#include "io/socket_address.h"
#include "io/stream.h"

namespace ringpost::io {

class Connection final : public Stream {
 public:
  /// Takes an accepted or connected socket.
  Connection(Reactor& reactor, FileDescriptor socket) noexcept;

  /// `source` may be empty. Errors: timed_out, cancelled, io (refused, unreachable; the errno is in os_error).
  static Task<Result<std::unique_ptr<Connection>>> connect(Reactor& reactor, SocketAddress destination,
                                                           SocketAddress source, Deadline deadline, Cancel cancel);

  Task<Result<Slice>> receive(Deadline deadline, Cancel cancel) override;
  using Stream::send;
  Task<Result<void>> send(std::span<const iovec> octets, Deadline deadline, Cancel cancel) override;
  bool has_pending() const noexcept override { return receiver_.has_pending(); }
  void end_sending() noexcept override;
  Task<> close() override;

  SocketAddress peer() const noexcept { return SocketAddress::of_peer(socket_.get()); }
  SocketAddress local() const noexcept { return SocketAddress::of_local(socket_.get()); }
  int descriptor() const noexcept { return socket_.get(); }
  Reactor& reactor() noexcept { return reactor_; }

 private:
  Reactor& reactor_;
  FileDescriptor socket_;
  Receiver receiver_;
};

}  // namespace ringpost::io
