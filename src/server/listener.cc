#include "server/listener.h"

#include <cerrno>

#include "io/connection.h"
#include "server/session.h"
#include "telemetry/log.h"

namespace ringpost::server {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

Task<> run_session(Context& context, std::unique_ptr<io::Connection> connection, std::string peer, Cancel cancel) {
  Session session(context, std::move(connection), std::move(peer));
  co_await session.run(cancel);
}

}  // namespace

Listener::Listener(const Services& services, std::shared_ptr<const ListenerOptions> options, io::FileDescriptor socket)
    : context_{.services = services, .listener = std::move(options), .draining = {}},
      acceptor_(services.reactor, std::move(socket)),
      accepting_(services.reactor),
      sessions_(services.reactor) {}

void Listener::start() {
  accepting_.spawn(accept());
}

Task<> Listener::accept() {
  io::Reactor& reactor = context_.services.reactor;
  for (;;) {
    auto socket = co_await acceptor_.next(accepting_.cancel());
    if (!socket) {
      if (socket.error().kind == ErrorKind::cancelled) break;
      telemetry::Event(telemetry::EventKind::warning).field("operation", "accept").error(socket.error()).emit();
      // No descriptors or no memory left: sessions that end give some back.
      co_await io::Sleep(reactor, Deadline::after(std::chrono::milliseconds(100)), accepting_.cancel());
      continue;
    }
    co_await begin_session(std::move(*socket));
  }
  // Whoever was accepted meanwhile hears why there will be no session.
  auto late = co_await acceptor_.stop();
  for (io::FileDescriptor& socket : late) co_await begin_session(std::move(socket));
}

Task<> Listener::begin_session(io::FileDescriptor socket) {
  auto connection = std::make_unique<io::Connection>(context_.services.reactor, std::move(socket));
  std::string peer = connection->peer().text();
  if (peer.empty()) {
    co_await connection->close();  // gone before it was looked at
    co_return;
  }
  sessions_.spawn(run_session(context_, std::move(connection), std::move(peer), sessions_.cancel()));
}

void Listener::drain() {
  accepting_.request_stop();
  context_.draining.request();
}

Task<> Listener::cut_off(io::Reactor& reactor, io::Scope& sessions, Deadline when, Cancel cancel) {
  const int result = co_await io::Sleep(reactor, when, cancel);
  if (result == -ETIME) sessions.request_stop();
}

Task<> Listener::close(Duration grace) {
  drain();
  co_await accepting_.join();
  io::Scope watchdog(context_.services.reactor);
  watchdog.spawn(cut_off(context_.services.reactor, sessions_, Deadline::after(grace), watchdog.cancel()));
  co_await sessions_.join();
  co_await watchdog.close();
}

}  // namespace ringpost::server
