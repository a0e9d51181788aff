// One core's worth of server: a thread with its reactor, its shard of the queue, its dispatcher and its listeners.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "app/services.h"
#include "io/file_descriptor.h"
#include "io/reactor.h"

namespace ringpost::app {

class Worker {
 public:
  /// Starts the thread; `sockets` are bound and parallel to the configured listeners.
  Worker(Services& services, std::uint16_t number, std::vector<io::FileDescriptor> sockets);
  ~Worker();

  /// Waits until the worker stands (queue shard open, nothing accepted yet). Once.
  Result<void> ready() { return ready_.get_future().get(); }
  /// Accepts from now on.
  void serve();
  /// Stops in order: listeners drain (sessions get `grace`), deliveries end, the shard is flushed; then the thread
  /// ends.
  void stop(Duration grace);
  void join();

 private:
  class Life;
  struct Order final : io::Parcel {
    void deliver() noexcept override;
    Life* life = nullptr;
    bool serve = false;
    Duration grace{};
  };
  void run(Services& services, std::uint16_t number, std::vector<io::FileDescriptor> sockets);

  std::promise<Result<void>> ready_;
  std::atomic<io::Reactor*> reactor_{nullptr};
  Order serve_, stop_;
  std::thread thread_;
};

}  // namespace ringpost::app
