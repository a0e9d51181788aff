#include "app/listening_sockets.h"

#include <fcntl.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "io/listener.h"

namespace ringpost::app {

namespace {

constexpr int backlog = 4096;

Result<io::FileDescriptor> duplicate(const io::FileDescriptor& socket) {
  io::FileDescriptor copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return fail_errno(errno, "duplicate a listening socket");
  return copy;
}

bool is_meant(const InheritedSocket& inherited, const std::string& name, const std::string& address) {
  if (!inherited.name.empty()) return inherited.name == name;
  const auto wanted = io::SocketAddress::parse(address);
  return wanted && wanted->text() == io::SocketAddress::of_local(inherited.socket.get()).text();
}

/// As many sockets as workers. What cannot be bound beside a socket that is there is a duplicate of it: the service
/// manager binds without SO_REUSEPORT, and a low port may be out of our reach by now.
Result<void> fill(ListeningSockets::Listener& listener, const server::ListenerOptions& options, unsigned workers) {
  auto address = io::SocketAddress::parse(options.address);
  if (!address) return propagate(address);
  const std::size_t given = listener.sockets.size();
  if (given > 0) *address = io::SocketAddress::of_local(listener.sockets.front().get());
  while (listener.sockets.size() < workers) {
    auto socket = io::open_listening_socket(*address, backlog);
    if (!socket && given > 0) socket = duplicate(listener.sockets[listener.sockets.size() % given]);
    if (!socket) return propagate(socket);
    *address = io::SocketAddress::of_local(socket->get());  // port 0 is picked once
    listener.sockets.push_back(std::move(*socket));
  }
  return {};
}

}  // namespace

Result<std::vector<InheritedSocket>> sockets_of_service_manager() {
  const int count = ::sd_listen_fds(1);
  if (count < 0) return fail_errno(-count, "sockets of the service manager");
  std::vector<InheritedSocket> inherited;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    InheritedSocket each{{}, io::FileDescriptor(fd)};
    if (::sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
      return fail(ErrorKind::invalid,
                  "descriptor " + std::to_string(fd) + " of the service manager is not a listening stream socket");
    }
    inherited.push_back(std::move(each));
  }
  return inherited;
}

std::string ListeningSockets::Listener::address() const {
  return io::SocketAddress::of_local(sockets.front().get()).text();
}

Result<void> ListeningSockets::prepare(const std::vector<server::ListenerOptions>& listeners,
                                       std::vector<InheritedSocket> inherited) {
  next_.clear();
  unwanted_.clear();
  std::map<std::string, unsigned> seen;
  for (const server::ListenerOptions& options : listeners) {
    const unsigned same = ++seen[options.address];
    Listener fresh{same == 1 ? options.address : options.address + "#" + std::to_string(same), true, {}};
    for (std::size_t i = 0; i < now_.size() && fresh.is_new; ++i) {
      if (now_[i].name != fresh.name) continue;
      fresh.is_new = false;
      for (const io::FileDescriptor& socket : now_[i].sockets) {
        auto copy = duplicate(socket);
        if (!copy) return propagate(copy);
        fresh.sockets.push_back(std::move(*copy));
      }
    }
    for (InheritedSocket& each : inherited) {
      if (each.socket.valid() && is_meant(each, fresh.name, options.address))
        fresh.sockets.push_back(std::move(each.socket));
    }
    auto filled = fill(fresh, options, workers_);
    if (!filled) {
      next_.clear();
      return filled;
    }
    next_.push_back(std::move(fresh));
  }
  for (const InheritedSocket& each : inherited) {
    if (each.socket.valid()) unwanted_.push_back(io::SocketAddress::of_local(each.socket.get()).text());
  }
  return {};
}

Result<std::vector<io::FileDescriptor>> ListeningSockets::share_of(const Listener& listener, unsigned worker,
                                                                   unsigned workers) {
  std::vector<io::FileDescriptor> share;
  for (std::size_t i = worker; i < listener.sockets.size(); i += workers) {
    auto copy = duplicate(listener.sockets[i]);
    if (!copy) return propagate(copy);
    share.push_back(std::move(*copy));
  }
  return share;
}

}  // namespace ringpost::app
