#include "app/watchdog.h"

#include <pthread.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

bool Watchdog::Round::all_answered() const noexcept {
  return std::ranges::none_of(waiting, [](bool one) { return one; });
}

// Keeps itself while it is under way.
class Watchdog::Question final : public io::Parcel, public std::enable_shared_from_this<Question> {
 public:
  Question(std::shared_ptr<Round> round, std::size_t worker) : round_(std::move(round)), worker_(worker) {}

  void send(io::Reactor& reactor) {
    under_way_ = shared_from_this();
    reactor.post(*this);
  }

  void deliver() noexcept override {
    const std::shared_ptr<Question> self = std::move(under_way_);
    {
      const std::lock_guard lock(round_->mutex);
      round_->waiting[worker_] = false;
    }
    round_->changed.notify_one();
  }

 private:
  std::shared_ptr<Round> round_;
  std::size_t worker_;
  std::shared_ptr<Question> under_way_;
};

Duration Watchdog::asked_interval() noexcept {
  const char* text = std::getenv("WATCHDOG_USEC");
  if (text == nullptr || std::getenv("NOTIFY_SOCKET") == nullptr) return Duration::zero();
  const std::string_view digits(text);
  std::uint32_t microseconds = 0;  // more than an hour is no watchdog
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), microseconds);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return Duration::zero();
  return std::chrono::microseconds(microseconds);
}

Watchdog::Hooks Watchdog::systemd() {
  return {.ping = [] { ::sd_notify(0, "WATCHDOG=1"); },
          .stuck =
              [](std::size_t worker) {
                Event(EventKind::error)
                    .field("operation", "watchdog")
                    .field("worker", worker)
                    .field("reason", "this worker does not answer; systemd is not told that we are well")
                    .emit();
                telemetry::flush_log();
              }};
}

Watchdog::Watchdog(std::vector<io::Reactor*> reactors, Duration interval, Hooks hooks)
    : reactors_(std::move(reactors)),
      half_(interval / 2),
      hooks_(std::move(hooks)),
      round_(std::make_shared<Round>()),
      said_(reactors_.size()) {
  if (interval == Duration::zero()) return;
  round_->waiting.resize(reactors_.size());
  for (std::size_t i = 0; i < reactors_.size(); ++i) questions_.push_back(std::make_shared<Question>(round_, i));
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(round_->mutex);
    round_->ending = true;
  }
  round_->changed.notify_one();
  thread_.join();
}

void Watchdog::run() {
  ::pthread_setname_np(::pthread_self(), "watchdog");
  std::unique_lock lock(round_->mutex);
  const auto settled = [this] { return round_->ending || round_->all_answered(); };
  while (!round_->ending) {
    const MonotonicTime begin = monotonic_now();
    ask();
    bool answered = round_->changed.wait_until(lock, begin + half_ / 2, settled);
    if (!answered) {
      say_who_is_stuck(lock);
      answered = round_->changed.wait_until(lock, begin + half_, settled);
    }
    if (!answered) continue;
    if (round_->ending) return;
    std::fill(said_.begin(), said_.end(), false);
    lock.unlock();
    hooks_.ping();
    lock.lock();
    round_->changed.wait_until(lock, begin + half_, [this] { return round_->ending; });
  }
}

// Those that have not answered the question before are not asked another.
void Watchdog::ask() {
  for (std::size_t i = 0; i < reactors_.size(); ++i) {
    if (round_->waiting[i]) continue;
    round_->waiting[i] = true;
    questions_[i]->send(*reactors_[i]);
  }
}

// The hooks run without the lock: a log or a systemd that is slow must not hold a reactor that answers.
void Watchdog::say_who_is_stuck(std::unique_lock<std::mutex>& lock) {
  std::vector<std::size_t> stuck;
  for (std::size_t i = 0; i < reactors_.size(); ++i)
    if (round_->waiting[i] && !said_[i]) stuck.push_back(i);
  lock.unlock();
  for (const std::size_t worker : stuck) {
    said_[worker] = true;
    hooks_.stuck(worker);
  }
  lock.lock();
}

}  // namespace ringpost::app
