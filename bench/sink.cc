#include "bench/sink.h"

#include <future>

#include "io/connection.h"
#include "io/listener.h"
#include "io/scope.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr int backlog = 4096;

Task<> run_session(SinkShared& shared, SinkCounts& counts, io::Reactor& reactor, std::unique_ptr<io::Stream> stream,
                   Cancel cancel) {
  SinkSession session(shared, counts, reactor, std::move(stream));
  co_await session.run(cancel);
}

}  // namespace

/// One thread: its socket, its reactor, its sessions.
class Sink::Worker {
 public:
  Worker(SinkShared& shared, io::FileDescriptor socket) : shared_(shared), socket_(std::move(socket)) {}

  Result<void> start() {
    auto result = begun_.get_future();
    thread_ = std::thread(&Worker::serve, this);
    return result.get();
  }

  void stop() {
    if (!thread_.joinable()) return;
    if (reactor_ != nullptr) reactor_->post(stop_);
    thread_.join();
  }

  SinkCounts counts;

 private:
  struct Stop final : io::Parcel {
    explicit Stop(Worker& worker) noexcept : owner(worker) {}
    void deliver() noexcept override { owner.accepting_->request_stop(); }
    Worker& owner;
  };

  void serve() {
    auto reactor = io::Reactor::create({});
    if (!reactor) {
      begun_.set_value(propagate(reactor));
      return;
    }
    io::Acceptor acceptor(**reactor, std::move(socket_));
    io::Scope accepting(**reactor), sessions(**reactor);
    accepting_ = &accepting;
    reactor_ = reactor->get();
    begun_.set_value({});
    accepting.spawn(accept(acceptor, sessions, accepting.cancel()));
    reactor_->run();
  }

  Task<> accept(io::Acceptor& acceptor, io::Scope& sessions, Cancel cancel) {
    io::Reactor& reactor = *reactor_;
    co_await io::Sleep(reactor, Deadline::after(Duration::zero()), Cancel::never());  // into run()
    for (;;) {
      auto socket = co_await acceptor.next(cancel);
      if (!socket && socket.error().kind == ErrorKind::cancelled) break;
      if (!socket) {
        co_await io::Sleep(reactor, Deadline::after(std::chrono::milliseconds(100)), cancel);
        continue;
      }
      sessions.spawn(run_session(shared_, counts, reactor,
                                 std::make_unique<io::Connection>(reactor, std::move(*socket)), sessions.cancel()));
    }
    co_await acceptor.stop();
    co_await sessions.close();
    reactor.stop();
  }

  SinkShared& shared_;
  io::FileDescriptor socket_;
  io::Reactor* reactor_ = nullptr;  // written before start() returns
  io::Scope* accepting_ = nullptr;
  Stop stop_{*this};
  std::promise<Result<void>> begun_;
  std::thread thread_;
};

Sink::Sink(SinkOptions options, std::function<void()> on_enough)
    : options_(std::move(options)),
      shared_{.options = options_,
              .tls = {},
              .deliveries = {},
              .accepted = 0,
              .file_number = 0,
              .on_enough = std::move(on_enough)} {}

Sink::~Sink() {
  stop();
}

Result<void> Sink::start() {
  if (options_.encryption != Encryption::none) {
    tls::ServerOptions tls;
    tls.certificates.push_back(options_.certificate);
    auto context = tls::ServerContext::create(tls);
    if (!context) return propagate(context);
    shared_.tls = std::move(*context);
  }
  meter_ = ProcessMeter();
  io::SocketAddress address = options_.listen;
  for (std::uint32_t i = 0; i < options_.threads; ++i) {
    auto socket = io::open_listening_socket(address, backlog);
    if (!socket) return propagate(socket);
    // The port the kernel chose for the first is that of all.
    address = io::SocketAddress::of_local(socket->get());
    workers_.push_back(std::make_unique<Worker>(shared_, std::move(*socket)));
  }
  address_ = address.text();
  for (auto& worker : workers_) {
    auto started = worker->start();
    if (!started) return propagate(started);
  }
  return {};
}

void Sink::stop() {
  for (auto& worker : workers_) worker->stop();
}

void Sink::sum(SinkCounts& into) const noexcept {
  for (const auto& worker : workers_) into.merge(worker->counts);
}

}  // namespace ringpost::bench
