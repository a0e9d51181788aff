#include "app/orders.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "app/process.h"

namespace ringpost::app {

Result<std::unique_ptr<Orders>> Orders::open() {
  const sigset_t signals = handled_signals();
  io::FileDescriptor from_signals(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  io::FileDescriptor bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!from_signals.valid() || !bell.valid()) return fail_errno(errno, "wait for signals");
  return std::unique_ptr<Orders>(new Orders(std::move(from_signals), std::move(bell)));
}

Order Orders::wait(int take_over_socket) {
  for (;;) {
    auto order = wait_for(std::chrono::hours(1), take_over_socket);
    if (order) return std::move(*order);
  }
}

std::optional<Order> Orders::wait_for(Duration most, int take_over_socket) {
  const MonotonicTime until = monotonic_now() + most;
  for (;;) {
    if (auto order = read_signal()) return order;
    if (auto order = take()) return order;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - monotonic_now()).count();
    if (left <= 0) return std::nullopt;
    std::array<pollfd, 3> sources{
        {{signals_.get(), POLLIN, 0}, {bell_.get(), POLLIN, 0}, {take_over_socket, POLLIN, 0}}};
    ::poll(sources.data(), sources.size(), static_cast<int>(left));
    if ((sources[2].revents & POLLIN) != 0) {
      io::FileDescriptor successor(::accept4(take_over_socket, nullptr, nullptr, SOCK_CLOEXEC));
      if (successor.valid())
        return Order{.kind = Order::Kind::hand_over, .from = "successor", .successor = std::move(successor)};
    }
  }
}

std::optional<Order> Orders::read_signal() {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
  const auto order = [](Order::Kind kind, std::string name) { return Order{.kind = kind, .from = std::move(name)}; };
  switch (signal.ssi_signo) {
    case SIGHUP:
      return order(Order::Kind::reload, "SIGHUP");
    case SIGQUIT:
      return order(Order::Kind::stop_now, "SIGQUIT");
    case SIGINT:
      return order(Order::Kind::stop, "SIGINT");
    default:
      return order(Order::Kind::stop, "SIGTERM");
  }
}

std::optional<Order> Orders::take() {
  std::uint64_t rings = 0;
  (void)!::read(bell_.get(), &rings, sizeof rings);
  const std::lock_guard lock(mutex_);
  if (given_.empty()) return std::nullopt;
  Order order = std::move(given_.front());
  given_.pop_front();
  return order;
}

void Orders::give(Order order) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    given_.push_back(std::move(order));
  }
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);
}

void Orders::close() {
  std::deque<Order> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(given_);
}

}  // namespace ringpost::app
