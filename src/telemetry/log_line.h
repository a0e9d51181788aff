// One log line in the making, as JSON or as text. Octets in, a line out; knows no threads and no file. Whatever the
// values hold, a finished line is valid UTF-8 without control octets, ends with LF and is at most `octets_max` long.
// Standards: RFC 8259 7, RFC 3629 (what is not UTF-8 becomes U+FFFD), RFC 3339.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "telemetry/events.h"

namespace ringpost::telemetry {

class LogLine {
 public:
  static constexpr std::size_t octets_max = 4096;  // PIPE_BUF: a pipe takes a line as a whole
  static constexpr std::size_t value_octets_max = 512;

  void begin(LogFormat format, EventKind kind, WallTime time, std::string_view node) noexcept;
  /// Cut at value_octets_max, with "...".
  void text(std::string_view name, std::string_view value) noexcept;
  /// A number or a literal that needs no quotes and no escapes.
  void bare(std::string_view name, std::string_view value) noexcept;
  void number(std::string_view name, std::uint64_t value) noexcept;
  void number(std::string_view name, std::int64_t value) noexcept;
  void time(std::string_view name, WallTime value) noexcept;
  /// The whole line; valid until the next begin().
  std::string_view finish() noexcept;

 private:
  static constexpr std::string_view truncated_mark = ",\"truncated\":true";
  static constexpr std::size_t tail_octets = truncated_mark.size() + 2;  // and "}\n"

  std::size_t room() const noexcept { return octets_.size() - tail_octets - size_; }
  bool put(std::string_view octets) noexcept;
  bool put_name(std::string_view name) noexcept;
  bool put_quoted(std::string_view value, bool cut) noexcept;
  bool put_escaped(std::string_view value) noexcept;
  void put_time(WallTime time) noexcept;
  void end_field(std::size_t start, bool complete) noexcept;

  std::array<char, octets_max> octets_;
  std::size_t size_ = 0;
  LogFormat format_ = LogFormat::json;
  bool truncated_ = false;

 public:
  LogLine* next_free = nullptr;  // for the pool of its thread
};

}  // namespace ringpost::telemetry
