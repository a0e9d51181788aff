// The log. Filled by config/ from [log].
#pragma once

#include <cstdint>
#include <string>

namespace ringpost::telemetry {

enum class LogFormat : std::uint8_t { json, text };
enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogOptions {
  LogFormat format = LogFormat::json;
  LogLevel level = LogLevel::info;
};

}  // namespace ringpost::telemetry
