#include "telemetry/log_line.h"

#include <charconv>
#include <cstring>
#include <ctime>

namespace ringpost::telemetry {

namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// Printable ASCII that stands for itself between quotes.
constexpr auto plain = [] {
  std::array<bool, 256> out{};
  for (std::size_t i = 0x20; i < 0x7f; ++i) out[i] = i != '"' && i != '\\';
  return out;
}();

constexpr bool is_plain(char c) noexcept {
  return plain[static_cast<unsigned char>(c)];
}

/// Octets of the well-formed UTF-8 sequence at the start of `text` (RFC 3629 4), 0 where there is none.
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto tail = [&](std::size_t i) { return (octet(i) & 0xc0) == 0x80; };
  const unsigned first = octet(0);
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;   // overlong
    const unsigned high = first == 0xed ? 0x9f : 0xbf;  // surrogates
    return octet(1) >= low && octet(1) <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;  // past U+10FFFF
    return octet(1) >= low && octet(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// Cuts to `octets_max` without leaving half a UTF-8 sequence.
std::string_view cut_at(std::string_view value, std::size_t octets_max) noexcept {
  std::size_t size = octets_max;
  while (size > octets_max - 3 && (static_cast<unsigned char>(value[size]) & 0xc0) == 0x80) --size;
  return value.substr(0, size);
}

void two_digits(char* out, int value) noexcept {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
}

/// "2026-11-23T22:01:00" of a second; the calendar is worked out once a second and thread.
std::string_view date_and_time(std::int64_t second) noexcept {
  thread_local std::int64_t cached_second = -1;
  thread_local std::array<char, 19> cached;
  if (second != cached_second) {
    const auto t = static_cast<std::time_t>(second);
    std::tm tm{};
    ::gmtime_r(&t, &tm);
    std::memcpy(cached.data(), "0000-00-00T00:00:00", cached.size());
    const int year = tm.tm_year + 1900;
    two_digits(&cached[0], year / 100);
    two_digits(&cached[2], year % 100);
    two_digits(&cached[5], tm.tm_mon + 1);
    two_digits(&cached[8], tm.tm_mday);
    two_digits(&cached[11], tm.tm_hour);
    two_digits(&cached[14], tm.tm_min);
    two_digits(&cached[17], tm.tm_sec);
    cached_second = second;
  }
  return {cached.data(), cached.size()};
}

}  // namespace

void LogLine::begin(LogFormat format, EventKind kind, WallTime now, std::string_view node) noexcept {
  size_ = 0;
  truncated_ = false;
  format_ = format;
  const std::string_view level = level_names[static_cast<std::size_t>(info(kind).level)];
  if (format == LogFormat::text) {
    put_time(now);
    put(" ");
    put(level);
    put(" ");
    put(info(kind).name);
    return;
  }
  put(R"({"time":")");
  put_time(now);
  put(R"(","level":")");
  put(level);
  put(R"(","event":")");
  put(info(kind).name);
  put("\"");
  text("node", node);
}

bool LogLine::put(std::string_view octets) noexcept {
  if (octets.size() > room()) return false;
  std::memcpy(octets_.data() + size_, octets.data(), octets.size());
  size_ += octets.size();
  return true;
}

bool LogLine::put_name(std::string_view name) noexcept {
  if (format_ == LogFormat::text) return put(" ") && put(name) && put("=");
  return put(",\"") && put(name) && put("\":");
}

bool LogLine::put_escaped(std::string_view value) noexcept {
  while (!value.empty()) {
    std::size_t run = 0;
    while (run < value.size() && is_plain(value[run])) ++run;
    if (!put(value.substr(0, run))) return false;
    value.remove_prefix(run);
    if (value.empty()) break;

    const auto octet = static_cast<unsigned char>(value.front());
    std::size_t used = 1;
    bool fits = true;
    if (octet == '"' || octet == '\\') {
      fits = put("\\") && put(value.substr(0, 1));
    } else if (octet == '\n') {
      fits = put("\\n");
    } else if (octet == '\r') {
      fits = put("\\r");
    } else if (octet < 0x80) {
      const std::array escape{'\\', 'u', '0', '0', hex_digits[octet >> 4], hex_digits[octet & 15]};
      fits = put({escape.data(), escape.size()});
    } else if (const std::size_t sequence = utf8_sequence(value); sequence == 0) {
      fits = put(replacement);
    } else if (sequence == 2 && octet == 0xc2 && static_cast<unsigned char>(value[1]) < 0xa0) {
      // C1 controls move the cursor of some terminals.
      const auto second = static_cast<unsigned char>(value[1]);
      const std::array escape{'\\', 'u', '0', '0', hex_digits[second >> 4], hex_digits[second & 15]};
      fits = put({escape.data(), escape.size()});
      used = 2;
    } else {
      fits = put(value.substr(0, sequence));
      used = sequence;
    }
    if (!fits) return false;
    value.remove_prefix(used);
  }
  return true;
}

bool LogLine::put_quoted(std::string_view value, bool cut) noexcept {
  return put("\"") && put_escaped(value) && put(cut ? "...\"" : "\"");
}

void LogLine::end_field(std::size_t start, bool complete) noexcept {
  if (complete) return;
  size_ = start;
  truncated_ = true;
}

void LogLine::text(std::string_view name, std::string_view value) noexcept {
  const std::size_t start = size_;
  const bool cut = value.size() > value_octets_max;
  if (cut) value = cut_at(value, value_octets_max);
  bool quotes = format_ == LogFormat::json || value.empty() || cut;
  for (std::size_t i = 0; i < value.size() && !quotes; ++i)
    quotes = !is_plain(value[i]) || value[i] == ' ' || value[i] == '=';
  end_field(start, put_name(name) && (quotes ? put_quoted(value, cut) : put(value)));
}

void LogLine::bare(std::string_view name, std::string_view value) noexcept {
  const std::size_t start = size_;
  end_field(start, put_name(name) && put(value));
}

void LogLine::number(std::string_view name, std::uint64_t value) noexcept {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  bare(name, {digits.data(), end});
}

void LogLine::number(std::string_view name, std::int64_t value) noexcept {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  bare(name, {digits.data(), end});
}

void LogLine::put_time(WallTime value) noexcept {
  std::int64_t second = value.milliseconds / 1000;
  std::int64_t fraction = value.milliseconds % 1000;
  if (fraction < 0) {
    --second;
    fraction += 1000;
  }
  std::array<char, 5> tail{'.', static_cast<char>('0' + fraction / 100), '0', '0', 'Z'};
  two_digits(&tail[2], static_cast<int>(fraction % 100));
  put(date_and_time(second));
  put({tail.data(), tail.size()});
}

void LogLine::time(std::string_view name, WallTime value) noexcept {
  const std::size_t start = size_;
  const std::string_view quote = format_ == LogFormat::json ? "\"" : "";
  const bool named = put_name(name) && room() >= 26;
  if (named) {
    put(quote);
    put_time(value);
    put(quote);
  }
  end_field(start, named);
}

std::string_view LogLine::finish() noexcept {
  // tail_octets were kept free for exactly this.
  const auto append = [this](std::string_view octets) {
    std::memcpy(octets_.data() + size_, octets.data(), octets.size());
    size_ += octets.size();
  };
  if (truncated_) append(format_ == LogFormat::json ? truncated_mark : std::string_view(" truncated=true"));
  append(format_ == LogFormat::json ? "}\n" : "\n");
  return {octets_.data(), size_};
}

}  // namespace ringpost::telemetry
