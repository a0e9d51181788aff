// The structured log: one line an event, a JSON object or text, on stderr. A reactor thread must never wait for whoever
// reads the log, so a line is built in the calling thread, put into a ring of that thread without a lock, and written
// by the log thread, many lines with one write(2), at most a few milliseconds later. The ring is bounded: when the
// reader is too slow, new lines are dropped, counted, and the loss itself is logged (docs/decisions/0002-log.md).
//
//   telemetry::Event(EventKind::accept).session(id).message(message).field("from", from).field("size", n).emit();
//
// Any thread. Below the level an Event costs one load and a comparison. Before start_log() nothing is logged.
// Standards: RFC 8259 (whatever octets a peer sends, a line is valid JSON in UTF-8), RFC 3339.
#pragma once

#include <atomic>
#include <concepts>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "telemetry/events.h"
#include "telemetry/options.h"

namespace ringpost::telemetry {

/// Starts the log thread, which writes to `file_descriptor` (not closed). `node` is our hostname. Once per process at a
/// time, after any fork.
void start_log(const LogOptions& options, std::string node, int file_descriptor = 2);
/// Writes what was emitted before the call; waits at most `wait_max` for a slow reader. False: not all is written.
bool flush_log(Duration wait_max = std::chrono::seconds(1));
/// Flushes and ends the log thread. Harmless where none runs.
void stop_log();
void set_log_level(LogLevel level) noexcept;
/// Lines dropped since the start because a ring was full or the file descriptor could not be written.
std::uint64_t log_lines_lost() noexcept;

class LogLine;

namespace detail {
inline constexpr std::uint8_t level_off = 255;
inline std::atomic<std::uint8_t> log_level{level_off};
}  // namespace detail

inline bool log_enabled(EventKind kind) noexcept {
  return static_cast<std::uint8_t>(info(kind).level) >= detail::log_level.load(std::memory_order_relaxed);
}

/// A name from the list in events.h; any other does not compile.
class FieldName {
 public:
  consteval FieldName(const char* name) : text_(name) {  // NOLINT(google-explicit-constructor): a literal reads best
    if (!is_field(name)) throw "this field is not in telemetry/events.h";
  }
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// One line under construction. A temporary: build, emit, forget; do not keep one across a co_await. Values longer than
/// 512 octets are cut; fields past the line's 4 KiB are left out and the line says "truncated".
class [[nodiscard]] Event {
 public:
  explicit Event(EventKind kind) noexcept : line_(log_enabled(kind) ? begin(kind) : nullptr) {}
  ~Event() {
    if (line_ != nullptr) discard();
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  Event& session(std::uint64_t id) noexcept {
    if (line_ != nullptr) add_session(id);
    return *this;
  }
  /// The null id is left out.
  Event& message(const MessageId& id) noexcept {
    if (line_ != nullptr && !id.is_null()) add_message(id);
    return *this;
  }
  Event& field(FieldName name, std::string_view value) noexcept {
    if (line_ != nullptr) add_text(name.text(), value);
    return *this;
  }
  Event& field(FieldName name, const char* value) noexcept { return field(name, std::string_view(value)); }
  template <std::same_as<bool> B>
  Event& field(FieldName name, B value) noexcept {
    if (line_ != nullptr) add_bool(name.text(), value);
    return *this;
  }
  template <std::integral I>
    requires(!std::same_as<I, bool> && !std::same_as<I, char>)
  Event& field(FieldName name, I value) noexcept {
    if (line_ == nullptr) return *this;
    if constexpr (std::signed_integral<I>) {
      add_signed(name.text(), value);
    } else {
      add_unsigned(name.text(), value);
    }
    return *this;
  }
  /// Seconds with millisecond resolution.
  Event& field(FieldName name, Duration value) noexcept {
    if (line_ != nullptr) add_seconds(name.text(), value);
    return *this;
  }
  template <class Rep, class Period>
  Event& field(FieldName name, std::chrono::duration<Rep, Period> value) noexcept {
    return field(name, std::chrono::duration_cast<Duration>(value));
  }
  Event& field(FieldName name, WallTime value) noexcept {
    if (line_ != nullptr) add_time(name.text(), value);
    return *this;
  }
  Event& field(FieldName name, const MessageId& value) noexcept {
    if (line_ != nullptr) add_text(name.text(), value.text());
    return *this;
  }
  /// `code` and `enhanced`.
  Event& status(const PublicStatus& status) noexcept {
    if (line_ != nullptr) add_status(status);
    return *this;
  }
  /// `reason`, and `errno` by its name where the kernel refused.
  Event& error(const Error& error) noexcept {
    if (line_ != nullptr) add_error(error);
    return *this;
  }

  void emit() noexcept {
    if (line_ != nullptr) submit();
  }

 private:
  static LogLine* begin(EventKind kind) noexcept;
  void discard() noexcept;
  void submit() noexcept;
  void add_session(std::uint64_t id) noexcept;
  void add_message(const MessageId& id) noexcept;
  void add_text(std::string_view name, std::string_view value) noexcept;
  void add_bool(std::string_view name, bool value) noexcept;
  void add_signed(std::string_view name, std::int64_t value) noexcept;
  void add_unsigned(std::string_view name, std::uint64_t value) noexcept;
  void add_seconds(std::string_view name, Duration value) noexcept;
  void add_time(std::string_view name, WallTime value) noexcept;
  void add_status(const PublicStatus& status) noexcept;
  void add_error(const Error& error) noexcept;

  LogLine* line_;  // of this thread's pool; nullptr below the level and after emit()
};

}  // namespace ringpost::telemetry
