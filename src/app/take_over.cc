#include "app/take_over.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "io/socket_address.h"

namespace ringpost::app {

namespace {

constexpr std::string_view hello = "ringpost take-over 1";
constexpr std::string_view go = "go";
constexpr std::string_view file_name = "take-over";
constexpr std::size_t message_octets_max = 512;
constexpr std::size_t descriptors_max = 200;  // of a message; the kernel's own bound is 253 (SCM_MAX_FD)
constexpr Duration answer_wait = std::chrono::seconds(5);
constexpr Duration ready_wait = std::chrono::seconds(20);  // the successor reads certificates and accounts
constexpr Duration closing_wait = std::chrono::seconds(90);

struct Message {
  std::string text;
  std::vector<io::FileDescriptor> descriptors;
};

/// The path of a unix socket is short (108 octets), that of a data directory need not be: it is gone by its descriptor.
Result<io::SocketAddress> address_in(const io::FileDescriptor& directory) {
  return io::SocketAddress::unix_path("/proc/self/fd/" + std::to_string(directory.get()) + "/" +
                                      std::string(file_name));
}

Result<io::FileDescriptor> open_directory(const std::string& data_dir) {
  io::FileDescriptor directory(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return fail_errno(errno, "open " + data_dir);
  return directory;
}

Result<void> check_peer(const io::FileDescriptor& connection) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return fail_errno(errno, "who is at the other end of the take-over socket");
  if (peer.uid == 0 || peer.uid == ::geteuid()) return {};
  return fail(ErrorKind::refused, "process " + std::to_string(peer.pid) + " of user " + std::to_string(peer.uid) +
                                      " may not take part in a take-over");
}

Result<void> send(const io::FileDescriptor& connection, std::string_view text,
                  std::span<const io::FileDescriptor> descriptors = {}) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> control{};
  if (!descriptors.empty()) {
    std::vector<int> numbers;
    for (const io::FileDescriptor& each : descriptors) numbers.push_back(each.get());
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(numbers.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), numbers.data(), numbers.size() * sizeof(int));
  }
  if (::sendmsg(connection.get(), &message, MSG_NOSIGNAL) < 0)
    return fail_errno(errno, "write to the take-over socket");
  return {};
}

std::vector<io::FileDescriptor> descriptors_of(const msghdr& message) {
  std::vector<io::FileDescriptor> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(const_cast<msghdr*>(&message), header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

Result<Message> receive(const io::FileDescriptor& connection, Duration most) {
  pollfd readable{connection.get(), POLLIN, 0};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(most).count();
  if (::poll(&readable, 1, static_cast<int>(wait)) <= 0)
    return fail(ErrorKind::timed_out, "the other process says nothing on the take-over socket");
  std::array<char, message_octets_max> octets{};
  iovec part{octets.data(), octets.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return fail_errno(errno, "read from the take-over socket");
  Message received{std::string(octets.data(), static_cast<std::size_t>(got)), descriptors_of(message)};
  if (got == 0) return fail(ErrorKind::closed, "the other process has left the take-over");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(ErrorKind::invalid, "a message on the take-over socket is too long");
  return received;
}

}  // namespace

Result<io::FileDescriptor> open_take_over_socket(const std::string& data_dir) {
  auto directory = open_directory(data_dir);
  if (!directory) return propagate(directory);
  auto address = address_in(*directory);
  if (!address) return propagate(address);
  io::FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail_errno(errno, "make the take-over socket");
  // One that a process of earlier left behind: the queue is ours, so nobody serves there.
  ::unlinkat(directory->get(), std::string(file_name).c_str(), 0);
  if (::bind(socket.get(), address->raw(), address->length()) != 0 || ::listen(socket.get(), 4) != 0)
    return fail_errno(errno, "bind the take-over socket in " + data_dir);
  return socket;
}

Result<Successor> Successor::meet(io::FileDescriptor connection) {
  auto believed = check_peer(connection);
  if (!believed) return propagate(believed);
  auto first = receive(connection, answer_wait);
  if (!first) return propagate(first);
  if (first->text != hello)
    return fail(ErrorKind::invalid,
                "the other process speaks another take-over protocol: " + printable(first->text, 40));
  return Successor(std::move(connection));
}

Result<void> Successor::give(const std::vector<ListeningSockets::Listener>& listeners) {
  for (const auto& listener : listeners) {
    const std::span<const io::FileDescriptor> sockets = listener.sockets;
    for (std::size_t at = 0; at < sockets.size(); at += descriptors_max) {
      auto sent = send(connection_, "listener " + listener.name,
                       sockets.subspan(at, std::min(descriptors_max, sockets.size() - at)));
      if (!sent) return sent;
    }
  }
  return send(connection_, "all");
}

Result<void> Successor::wait_until_ready() {
  auto message = receive(connection_, ready_wait);
  if (!message) return propagate(message);
  if (message->text != go) return fail(ErrorKind::invalid, "the successor says: " + printable(message->text, 80));
  return {};
}

bool Successor::is_gone() const noexcept {
  char octet = 0;
  const ssize_t got = ::recv(connection_.get(), &octet, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void Successor::say_closed(MonotonicTime stopped_accepting) const {
  // Whoever has left meanwhile needs no word.
  (void)send(connection_, "closed " + std::to_string(stopped_accepting.time_since_epoch().count()));
}

Result<std::optional<Predecessor>> Predecessor::find(const std::string& data_dir) {
  auto directory = open_directory(data_dir);
  if (!directory) return std::optional<Predecessor>();
  auto address = address_in(*directory);
  if (!address) return propagate(address);
  io::FileDescriptor connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!connection.valid()) return fail_errno(errno, "make a socket");
  if (::connect(connection.get(), address->raw(), address->length()) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<Predecessor>();
    return fail_errno(errno, "connect to the take-over socket in " + data_dir);
  }
  auto believed = check_peer(connection);
  if (!believed) return propagate(believed);
  auto asked = send(connection, hello);
  if (!asked) return propagate(asked);
  return std::optional<Predecessor>(Predecessor(std::move(connection)));
}

Result<std::vector<InheritedSocket>> Predecessor::take_sockets() {
  std::vector<InheritedSocket> sockets;
  for (;;) {
    auto message = receive(connection_, answer_wait);
    if (!message) return propagate(message);
    if (message->text == "all") return sockets;
    constexpr std::string_view prefix = "listener ";
    if (!message->text.starts_with(prefix))
      return fail(ErrorKind::invalid, "the serving process says: " + printable(message->text, 80));
    for (io::FileDescriptor& each : message->descriptors)
      sockets.push_back({message->text.substr(prefix.size()), std::move(each)});
  }
}

Result<void> Predecessor::say_go() {
  return send(connection_, go);
}

Result<MonotonicTime> Predecessor::wait_until_closed() {
  auto message = receive(connection_, closing_wait);
  if (!message) return propagate(message);
  constexpr std::string_view prefix = "closed ";
  const auto when =
      message->text.starts_with(prefix) ? parse_unsigned(message->text.substr(prefix.size())) : std::nullopt;
  if (!when) return fail(ErrorKind::invalid, "the serving process says: " + printable(message->text, 80));
  return MonotonicTime(Duration(static_cast<Duration::rep>(*when)));
}

}  // namespace ringpost::app
