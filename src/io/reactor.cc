#include "io/reactor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "io/buffer_ring.h"
#include "io/ring.h"

namespace ringpost::io {

namespace {

thread_local Reactor* current_reactor = nullptr;

}  // namespace

// Wakes the reactor out of its sleep. Other reactors send a message from ring to ring; plain threads write to an
// eventfd, on which a read is always pending.
class Reactor::Wakeup final {
 public:
  explicit Wakeup(Reactor& reactor) noexcept : reactor_(reactor) {}
  ~Wakeup() {
    if (event_fd_ >= 0) ::close(event_fd_);
  }

  Result<void> open() {
    event_fd_ = ::eventfd(0, EFD_CLOEXEC);
    if (event_fd_ < 0) return fail_errno(errno, "eventfd");
    return {};
  }
  void arm() noexcept {
    const Request request{.opcode = IORING_OP_READ, .fd = event_fd_, .address = &counter_, .length = sizeof counter_};
    reactor_.submit(request, read_);
  }
  void wake() noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is at its maximum, and then a wake-up is pending anyway.
    [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof one);
  }
  Operation& message() noexcept { return message_; }

 private:
  struct Read final : Operation {
    explicit Read(Wakeup& wakeup) noexcept : owner(wakeup) {}
    void complete(int, std::uint32_t) noexcept override { owner.arm(); }
    Wakeup& owner;
  };
  struct Message final : Operation {
    void complete(int, std::uint32_t) noexcept override {}  // having been woken is all
  };

  Reactor& reactor_;
  int event_fd_ = -1;
  std::uint64_t counter_ = 0;
  Read read_{*this};
  Message message_;
};

Reactor::Reactor() noexcept : now_(monotonic_now()), timers_(now_) {}

Result<std::unique_ptr<Reactor>> Reactor::create(const Options& options) {
  std::unique_ptr<Reactor> reactor(new Reactor);
  auto ring = Ring::create(options);
  if (!ring) return propagate(ring);
  reactor->ring_ = std::move(*ring);
  auto buffers = BufferRing::create(*reactor->ring_, options);
  if (!buffers) return propagate(buffers);
  reactor->buffers_ = std::move(*buffers);
  reactor->wakeup_ = std::make_unique<Wakeup>(*reactor);
  auto opened = reactor->wakeup_->open();
  if (!opened) return propagate(opened);
  reactor->wakeup_->arm();
  return reactor;
}

Reactor::~Reactor() {
  // A poster may still be on its way from push() to wake(), although its parcel was delivered long ago.
  while (posting_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  RINGPOST_ASSERT(ready_.empty() && parcels_.empty());
  // The buffer ring is unregistered before the ring closes; the ring's end cancels the wake-up read.
  buffers_.reset();
  ring_.reset();
}

Reactor* Reactor::current() noexcept {
  return current_reactor;
}
int Reactor::ring_descriptor() const noexcept {
  return ring_->raw().ring_fd;
}

void Reactor::run() {
  RINGPOST_ASSERT(current_reactor == nullptr);
  current_reactor = this;
  while (!stopping_.load(std::memory_order_acquire)) turn();
  stopping_.store(false, std::memory_order_relaxed);
  current_reactor = nullptr;
}

void Reactor::turn() {
  now_ = monotonic_now();
  timers_.advance(now_);
  take_parcels();
  run_ready();
  // A hook may be what makes the next one necessary (a commit that cannot be written fails its sessions at once), so
  // each runs once a turn, in the order of registration.
  IntrusiveList<TurnHook> hooks;
  hooks.splice_back(hooks_);
  while (!hooks.empty()) {
    TurnHook& hook = hooks.pop_front();
    hooks_.push_back(hook);
    hook.end_of_turn();
  }
  const bool starving = buffers_->offer();
  const bool more = starving || !ready_.empty() || !parcels_.empty() || stopping_.load(std::memory_order_acquire);
  const MonotonicTime before_wait = monotonic_now();
  Duration slept{};
  ring_->submit_and_collect(more ? MonotonicTime::min() : timers_.next(), before_wait, slept);
  const Duration busy = monotonic_now() - now_ - slept;
  busy_ns_.fetch_add(busy.count(), std::memory_order_relaxed);
  turns_.fetch_add(1, std::memory_order_relaxed);
}

void Reactor::run_ready() noexcept {
  // Rounds are bounded so that timers and completions are not starved by tasks that keep each other ready.
  for (int round = 0; round < 16 && !ready_.empty(); ++round) {
    IntrusiveList<Runnable> batch;
    batch.splice_back(ready_);
    while (!batch.empty()) batch.pop_front().run();
  }
}

void Reactor::take_parcels() noexcept {
  MpscNode* node = parcels_.take_all();
  while (node != nullptr) {
    MpscNode* next = node->mpsc_next;
    static_cast<Parcel*>(node)->deliver();
    node = next;
  }
}

void Reactor::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  wakeup_->wake();
}

void Reactor::post(Parcel& parcel) noexcept {
  posting_.fetch_add(1, std::memory_order_relaxed);
  if (parcels_.push(parcel)) wake_for_parcels();  // else whoever pushed first has woken it
  posting_.fetch_sub(1, std::memory_order_release);
}

void Reactor::wake_for_parcels() noexcept {
  Reactor* here = current_reactor;
  if (here == this) return;  // the turn in progress looks before it sleeps
  if (here != nullptr) {
    here->ring_->queue_wake(ring_descriptor(), wakeup_->message());
  } else {
    wakeup_->wake();
  }
}

void Reactor::submit(const Request& request, Operation& operation) noexcept {
  ring_->queue(request, operation);
}

void Reactor::submit_linked(const Request* requests, Operation* const* operations, std::size_t count) noexcept {
  ring_->queue_linked({requests, count}, operations);
}

void Reactor::cancel(Operation& operation) noexcept {
  ring_->queue_cancel(operation);
}

}  // namespace ringpost::io
