#include "telemetry/events.h"

#include <fmt/format.h>

namespace ringpost::telemetry {

std::string describe_events() {
  std::string out =
      "# Log events\n\n"
      "ringpost writes one line an event to its standard error: a JSON object, or text with `[log] format = \"text\"`\n"
      "(time, level, event, then `field=value`; the node is left out). Every line has time, level, event and node;\n"
      "session and message follow where there is one, then the fields of the event. Values longer than 512 octets are\n"
      "cut and end in `...`; octets that are not UTF-8 become U+FFFD. Passwords, AUTH exchanges and message content\n"
      "never appear. If the reader of the log is too slow, lines are dropped, and a `warning` with the field `lost`\n"
      "says how many.\n\n"
      "| Event | Level | When |\n|---|---|---|\n";
  static constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
  for (const EventInfo& event : events)
    out +=
        fmt::format("| `{}` | {} | {} |\n", event.name, levels[static_cast<std::size_t>(event.level)], event.meaning);
  out += "\n| Field | Meaning |\n|---|---|\n";
  for (const FieldInfo& field : fields) out += fmt::format("| `{}` | {} |\n", field.name, field.meaning);
  return out;
}

}  // namespace ringpost::telemetry
