#include "telemetry/log.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "telemetry/log_line.h"
#include "telemetry/log_writer.h"

namespace ringpost::telemetry {

namespace {

/// What a line needs to know, unchanged from start_log() on.
struct Running {
  LogFormat format;
  std::string node;
  std::shared_ptr<LogWriter> writer;
};

std::atomic<Running*> running{nullptr};
std::mutex start_mutex;
// Every Running there ever was: a thread that read the pointer a moment ago may still use it. One a process, save in
// tests.
std::vector<std::unique_ptr<Running>>& every_running() {
  static auto* all = new std::vector<std::unique_ptr<Running>>;
  return *all;
}

/// What a thread owns: its ring, and lines to build in (one, unless an argument of an Event logs itself).
struct ThreadLog {
  std::shared_ptr<LogRing> ring = log_rings().add();
  LogLine* free_lines = nullptr;
  ~ThreadLog();
};

thread_local bool thread_ended = false;

ThreadLog::~ThreadLog() {
  thread_ended = true;
  ring->finished = true;
  while (free_lines != nullptr) delete std::exchange(free_lines, free_lines->next_free);
}

/// nullptr while the thread's own variables are being destroyed: such late words are lost.
ThreadLog* thread_log() noexcept {
  if (thread_ended) return nullptr;
  thread_local ThreadLog log;
  return &log;
}

}  // namespace

void start_log(const LogOptions& options, std::string node, int file_descriptor) {
  const std::lock_guard lock(start_mutex);
  RINGPOST_ASSERT(running.load() == nullptr);
  auto next = std::make_unique<Running>();
  next->format = options.format;
  next->node = std::move(node);
  next->writer = std::make_shared<LogWriter>(options.format, next->node, file_descriptor);
  next->writer->start();
  running.store(next.get(), std::memory_order_release);
  every_running().push_back(std::move(next));
  set_log_level(options.level);
}

bool flush_log(Duration wait_max) {
  Running* now = running.load(std::memory_order_acquire);
  return now == nullptr || now->writer->flush(wait_max);
}

void stop_log() {
  const std::lock_guard lock(start_mutex);
  Running* now = running.exchange(nullptr);
  if (now == nullptr) return;
  detail::log_level.store(detail::level_off, std::memory_order_relaxed);
  now->writer->stop(std::chrono::seconds(1));
}

void set_log_level(LogLevel level) noexcept {
  detail::log_level.store(static_cast<std::uint8_t>(level), std::memory_order_relaxed);
}

std::uint64_t log_lines_lost() noexcept {
  return lost_lines.load(std::memory_order_relaxed);
}

LogLine* Event::begin(EventKind kind) noexcept {
  const Running* now = running.load(std::memory_order_acquire);
  ThreadLog* thread = thread_log();
  if (now == nullptr || thread == nullptr) return nullptr;
  LogLine* line = thread->free_lines;
  if (line != nullptr) {
    thread->free_lines = line->next_free;
  } else {
    line = new LogLine;
  }
  line->begin(now->format, kind, WallTime::now(), now->node);
  return line;
}

void Event::discard() noexcept {
  if (ThreadLog* thread = thread_log()) {
    line_->next_free = thread->free_lines;
    thread->free_lines = line_;
  } else {
    delete line_;
  }
  line_ = nullptr;
}

void Event::submit() noexcept {
  const Running* now = running.load(std::memory_order_acquire);
  ThreadLog* thread = thread_log();
  if (now != nullptr && thread != nullptr) {
    if (!thread->ring->push(line_->finish())) lost_lines.fetch_add(1, std::memory_order_relaxed);
    now->writer->wake();
  }
  discard();
}

void Event::add_session(std::uint64_t id) noexcept {
  std::array<char, 16> digits;
  for (std::size_t i = digits.size(); i-- > 0; id >>= 4) digits[i] = "0123456789abcdef"[id & 15];
  line_->text("session", {digits.data(), digits.size()});
}

void Event::add_message(const MessageId& id) noexcept {
  line_->text("message", id.text());
}

void Event::add_text(std::string_view name, std::string_view value) noexcept {
  line_->text(name, value);
}

void Event::add_bool(std::string_view name, bool value) noexcept {
  line_->bare(name, value ? "true" : "false");
}

void Event::add_signed(std::string_view name, std::int64_t value) noexcept {
  line_->number(name, value);
}

void Event::add_unsigned(std::string_view name, std::uint64_t value) noexcept {
  line_->number(name, value);
}

void Event::add_seconds(std::string_view name, Duration value) noexcept {
  const std::int64_t milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  std::array<char, 32> text;
  char* at = text.data();
  if (milliseconds < 0) *at++ = '-';
  const std::uint64_t magnitude =
      milliseconds < 0 ? 0 - static_cast<std::uint64_t>(milliseconds) : static_cast<std::uint64_t>(milliseconds);
  at = std::to_chars(at, text.data() + text.size(), magnitude / 1000).ptr;
  const auto fraction = static_cast<int>(magnitude % 1000);
  *at++ = '.';
  *at++ = static_cast<char>('0' + fraction / 100);
  *at++ = static_cast<char>('0' + fraction / 10 % 10);
  *at++ = static_cast<char>('0' + fraction % 10);
  line_->bare(name, {text.data(), at});
}

void Event::add_time(std::string_view name, WallTime value) noexcept {
  line_->time(name, value);
}

void Event::add_status(const PublicStatus& status) noexcept {
  line_->number("code", std::uint64_t{status.code});
  std::array<char, 24> text;
  const auto [end, size] = fmt::format_to_n(text.data(), text.size(), "{}.{}.{}", status.enhanced.klass,
                                            status.enhanced.subject, status.enhanced.detail);
  line_->text("enhanced", {text.data(), end});
}

void Event::add_error(const Error& error) noexcept {
  line_->text("reason", error.reason);
  if (error.os_error == 0) return;
  if (const char* name = ::strerrorname_np(error.os_error)) line_->text("errno", name);
}

}  // namespace ringpost::telemetry
