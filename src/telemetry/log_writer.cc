#include "telemetry/log_writer.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "telemetry/log_line.h"

namespace ringpost::telemetry {

namespace {

// Lines wait this long for company: at most 200 wake-ups a second, whatever the load.
constexpr auto gather_time = std::chrono::milliseconds(5);

}  // namespace

LogRings& log_rings() {
  static auto* rings = new LogRings;  // threads may still log while statics are destroyed
  return *rings;
}

std::shared_ptr<LogRing> LogRings::add() {
  const std::lock_guard lock(mutex_);
  return rings_.emplace_back(std::make_shared<LogRing>());
}

std::vector<std::shared_ptr<LogRing>> LogRings::all() const {
  const std::lock_guard lock(mutex_);
  return rings_;
}

void LogRings::prune() {
  const std::lock_guard lock(mutex_);
  std::erase_if(rings_, [](const auto& ring) { return ring->finished.load() && ring->readable()[0].empty(); });
}

void LogWriter::start() {
  lost_reported_ = lost_lines.load();
  // Signals belong to the main thread; EPIPE of a reader that left must not kill the server either.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LogWriter::run() {
  for (;;) {
    awake_.wait(0, std::memory_order_seq_cst);
    nap();
    std::uint64_t ticket = 0;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      ticket = flush_requested_;
      last = stopping_;
    }
    // From here on a producer wakes us again; what it pushed before is seen by the drain below.
    awake_.store(0, std::memory_order_seq_cst);
    for (const auto& ring : log_rings().all()) {
      drain(*ring);
      if (abandoned_) return;
    }
    log_rings().prune();
    report_loss();
    {
      const std::lock_guard lock(mutex_);
      flush_done_ = ticket;
    }
    changed_.notify_all();
    if (last) return;
  }
}

void LogWriter::nap() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, gather_time, [this] { return stopping_ || flush_requested_ > flush_done_; });
}

void LogWriter::drain(LogRing& ring) {
  const auto [first, second] = ring.readable();
  if (first.empty()) return;
  write_all(first, second);
  if (!abandoned_) ring.consume(first.size() + second.size());
}

void LogWriter::write_all(std::string_view first, std::string_view second) {
  while (!first.empty() && !abandoned_) {
    std::array<iovec, 2> pieces{iovec{const_cast<char*>(first.data()), first.size()},
                                iovec{const_cast<char*>(second.data()), second.size()}};
    const ssize_t written = ::writev(file_descriptor_, pieces.data(), second.empty() ? 1 : 2);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd ready{file_descriptor_, POLLOUT, 0};
      ::poll(&ready, 1, 100);
      continue;
    }
    if (written < 0) {  // nobody reads any more, or the disk is full: there is nowhere left to say so
      lost_lines += static_cast<std::uint64_t>(std::ranges::count(first, '\n') + std::ranges::count(second, '\n'));
      return;
    }
    const auto count = static_cast<std::size_t>(written);
    const std::size_t of_first = std::min(count, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(count - of_first);
    if (first.empty()) std::swap(first, second);
  }
}

void LogWriter::report_loss() {
  const std::uint64_t lost = lost_lines.load();
  if (lost == lost_reported_) return;
  LogLine line;
  line.begin(format_, EventKind::warning, WallTime::now(), node_);
  line.text("reason", "log lines were lost: the reader of the log is too slow");
  line.number("lost", lost - lost_reported_);
  lost_reported_ = lost;
  write_all(line.finish(), {});
  lost_reported_ = lost_lines.load();  // the report itself is not reported when it could not be written
}

bool LogWriter::flush(Duration wait_max) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++flush_requested_;
  changed_.notify_all();
  wake();
  return changed_.wait_for(lock, wait_max, [&] { return flush_done_ >= ticket; });
}

void LogWriter::stop(Duration wait_max) {
  const bool written = flush(wait_max);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  wake();
  if (written) {
    thread_.join();
    return;
  }
  abandoned_ = true;
  thread_.detach();
}

}  // namespace ringpost::telemetry
