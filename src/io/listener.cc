#include "io/listener.h"

#include <netinet/in.h>

#include <cerrno>

#include "io/ring.h"

namespace ringpost::io {

Result<FileDescriptor> open_listening_socket(const SocketAddress& address, int backlog) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_errno(errno, "socket for " + address.text());
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(socket.get(), address.raw(), address.length()) != 0) return fail_errno(errno, "bind " + address.text());
  if (::listen(socket.get(), backlog) != 0) return fail_errno(errno, "listen on " + address.text());
  return socket;
}

void Acceptor::arm() noexcept {
  armed_ = true;
  reactor_.submit(
      {.opcode = IORING_OP_ACCEPT, .fd = socket_.get(), .flags = SOCK_CLOEXEC, .io_priority = IORING_ACCEPT_MULTISHOT},
      *this);
}

void Acceptor::complete(int result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) armed_ = false;
  if (result >= 0) {
    // Beyond the bound the connection is closed at once: a client can try again, memory cannot.
    FileDescriptor socket(result);
    if (accepted_.size() < ahead_max) accepted_.push_back(std::move(socket));
  } else if (result != -ECANCELED) {
    error_ = result;
  }
  if (waiting_ && !linked() && (stopping_ ? !armed_ : !accepted_.empty() || error_ != 0)) reactor_.make_ready(*this);
}

void Acceptor::run() noexcept {
  std::exchange(waiting_, nullptr).resume();
}

void Acceptor::interrupt(int error) noexcept {
  interrupted_ = error;
  if (waiting_ && !linked()) reactor_.make_ready(*this);
}

Task<Result<FileDescriptor>> Acceptor::next(Cancel cancel) {
  struct Wait {
    Acceptor& acceptor;
    Cancel cancel;
    Interrupt interrupt;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
      acceptor.interrupted_ = interrupt.arm(Deadline::never(), cancel);
      if (acceptor.interrupted_ != 0) return false;
      acceptor.waiting_ = awaiting;
      if (!acceptor.armed_) acceptor.arm();
      return true;
    }
    void await_resume() noexcept { interrupt.disarm(); }
  };
  while (accepted_.empty()) {
    Wait wait{*this, cancel, Interrupt(reactor_, *this)};
    co_await wait;
    if (interrupted_ != 0) co_return fail(ErrorKind::cancelled, "accept");
    if (const int error = std::exchange(error_, 0); error != 0 && accepted_.empty()) {
      // The peer gave up before we looked: nothing to report.
      if (error == -ECONNABORTED || error == -EINTR || error == -EAGAIN) continue;
      Error failure = Error::from_errno(-error, "accept");
      if (error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS) {
        failure.kind = ErrorKind::unavailable;
      }
      co_return std::unexpected(std::move(failure));
    }
  }
  FileDescriptor socket = std::move(accepted_.front());
  accepted_.pop_front();
  co_return socket;
}

Task<std::deque<FileDescriptor>> Acceptor::stop() {
  stopping_ = true;
  if (armed_) {
    reactor_.cancel(*this);
    struct Wait {
      Acceptor& acceptor;
      bool await_ready() const noexcept { return !acceptor.armed_; }
      void await_suspend(std::coroutine_handle<> awaiting) const noexcept { acceptor.waiting_ = awaiting; }
      void await_resume() const noexcept {}
    };
    co_await Wait{*this};
  }
  socket_ = FileDescriptor();
  co_return std::exchange(accepted_, {});
}

}  // namespace ringpost::io
