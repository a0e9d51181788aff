// Whatever octets a peer puts into a logged value: the line keeps its bound, is one line, valid UTF-8 and closed JSON.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "telemetry/log_line.h"

namespace {

using namespace ringpost;

void check_json(std::string_view line) {
  RINGPOST_ASSERT(line.size() <= telemetry::LogLine::octets_max);
  RINGPOST_ASSERT(line.starts_with("{\"time\":") && line.ends_with("}\n"));
  bool in_string = false;
  unsigned continuation = 0;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const auto octet = static_cast<unsigned char>(line[i]);
    RINGPOST_ASSERT(octet >= 0x20 && octet != 0x7f);
    RINGPOST_ASSERT((continuation != 0) == ((octet & 0xc0) == 0x80));
    if (continuation != 0) {
      --continuation;
    } else if (octet >= 0x80) {
      RINGPOST_ASSERT(in_string && octet >= 0xc2 && octet <= 0xf4);
      continuation = octet >= 0xf0 ? 3 : octet >= 0xe0 ? 2 : 1;
    } else if (in_string && octet == '\\') {
      ++i;
      RINGPOST_ASSERT(std::string_view("\"\\nru").find(line[i]) != std::string_view::npos);
    } else if (octet == '"') {
      in_string = !in_string;
    }
  }
  RINGPOST_ASSERT(!in_string && continuation == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto format : {telemetry::LogFormat::json, telemetry::LogFormat::text}) {
    telemetry::LogLine line;
    line.begin(format, telemetry::EventKind::reject, WallTime{static_cast<std::int64_t>(size)}, "mx.example.com");
    // Several fields, so that the bound of the line is met as well as that of a value.
    for (std::size_t at = 0; at <= size && at < 8192; at += 600) line.text("reply", input.substr(at, 600));
    line.number("size", static_cast<std::uint64_t>(size));
    const std::string_view whole = line.finish();
    if (format == telemetry::LogFormat::json) {
      check_json(whole);
    } else {
      RINGPOST_ASSERT(whole.size() <= telemetry::LogLine::octets_max && whole.find('\n') == whole.size() - 1);
    }
  }
  return 0;
}
