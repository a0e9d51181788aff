#include "io/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "io/ring.h"

namespace ringpost::io {

namespace {

void no_delay(int fd) noexcept {
  const int on = 1;
  // Fails on unix sockets, which have no delay.
  static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

// Without it bind() would choose a port at once, one that no other connection from this address may use; connect()
// chooses one that is free towards this destination, and an address has far more of those.
void choose_port_at_connect(int fd) noexcept {
  const int on = 1;
  static_cast<void>(::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on));
}

constexpr std::size_t vectors_per_call_max = 1024;  // UIO_MAXIOV

}  // namespace

Task<Result<void>> Stream::send(std::string_view octets, Deadline deadline, Cancel cancel) {
  const iovec vector{const_cast<char*>(octets.data()), octets.size()};
  co_return co_await send(std::span<const iovec>(&vector, 1), deadline, cancel);
}

Connection::Connection(Reactor& reactor, FileDescriptor socket) noexcept
    : reactor_(reactor), socket_(std::move(socket)), receiver_(reactor, socket_.get()) {
  no_delay(socket_.get());
}

Task<Result<std::unique_ptr<Connection>>> Connection::connect(Reactor& reactor, SocketAddress destination,
                                                              SocketAddress source, Deadline deadline, Cancel cancel) {
  FileDescriptor socket(::socket(destination.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) co_return fail_errno(errno, "socket");
  if (source.length() != 0 && source.port() == 0) choose_port_at_connect(socket.get());
  if (source.length() != 0 && ::bind(socket.get(), source.raw(), source.length()) != 0) {
    co_return fail_errno(errno, "bind to " + source.text());
  }
  const int result = co_await Submission(
      reactor,
      {.opcode = IORING_OP_CONNECT, .fd = socket.get(), .address = destination.raw(), .offset = destination.length()},
      deadline, cancel);
  if (result < 0) co_return fail_errno(-result, "connect to " + destination.text());
  co_return std::make_unique<Connection>(reactor, std::move(socket));
}

Task<Result<Slice>> Connection::receive(Deadline deadline, Cancel cancel) {
  const int result = co_await receiver_.next(deadline, cancel);
  if (result < 0) co_return fail_errno(-result, "receive");
  co_return std::move(receiver_.last());
}

Task<Result<void>> Connection::send(std::span<const iovec> octets, Deadline deadline, Cancel cancel) {
  std::size_t done_vectors = 0;
  std::size_t done_octets = 0;  // of the vector at done_vectors
  std::vector<iovec> rest;      // used only after a partial send
  while (done_vectors < octets.size()) {
    std::span<const iovec> part = octets.subspan(done_vectors);
    if (done_octets > 0) {
      rest.assign(part.begin(), part.end());
      rest[0].iov_base = static_cast<char*>(rest[0].iov_base) + done_octets;
      rest[0].iov_len -= done_octets;
      part = rest;
    }
    part = part.first(std::min(part.size(), vectors_per_call_max));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(part.data());
    message.msg_iovlen = part.size();
    const int result = co_await Submission(reactor_,
                                           {.opcode = IORING_OP_SENDMSG,
                                            .fd = socket_.get(),
                                            .address = &message,
                                            .length = 1,
                                            .flags = MSG_NOSIGNAL | MSG_WAITALL},
                                           deadline, cancel);
    if (result < 0) co_return fail_errno(-result, "send");
    done_octets += static_cast<std::size_t>(result);
    while (done_vectors < octets.size() && done_octets >= octets[done_vectors].iov_len) {
      done_octets -= octets[done_vectors++].iov_len;
    }
  }
  co_return Result<void>{};
}

void Connection::end_sending() noexcept {
  ::shutdown(socket_.get(), SHUT_WR);
}

Task<> Connection::close() {
  // The peer must see the end even while a receive holds the socket, and no request may be in the kernel when the
  // descriptor is closed: its number could be another connection's by then.
  ::shutdown(socket_.get(), SHUT_RDWR);
  co_await receiver_.stop();
  socket_ = FileDescriptor();
}

}  // namespace ringpost::io
