#include "bench/sink_options.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace ringpost::bench {

smtp::Extensions SinkOptions::everything() {
  smtp::Extensions offered;
  offered.pipelining = offered.size = offered.eight_bit_mime = offered.binary_mime = offered.chunking = true;
  offered.smtputf8 = offered.dsn = offered.enhanced_status_codes = true;
  return offered;
}

Result<void> remove_extensions(smtp::Extensions& offered, std::string_view keywords) {
  using Flag = bool smtp::Extensions::*;
  static constexpr std::array<std::pair<std::string_view, Flag>, 8> known{{
      {"PIPELINING", &smtp::Extensions::pipelining},
      {"SIZE", &smtp::Extensions::size},
      {"8BITMIME", &smtp::Extensions::eight_bit_mime},
      {"BINARYMIME", &smtp::Extensions::binary_mime},
      {"CHUNKING", &smtp::Extensions::chunking},
      {"SMTPUTF8", &smtp::Extensions::smtputf8},
      {"DSN", &smtp::Extensions::dsn},
      {"ENHANCEDSTATUSCODES", &smtp::Extensions::enhanced_status_codes},
  }};
  while (!keywords.empty()) {
    const auto comma = keywords.find(',');
    const std::string_view word = trim(keywords.substr(0, comma));
    keywords = comma == std::string_view::npos ? std::string_view() : keywords.substr(comma + 1);
    bool found = false;
    for (const auto& [keyword, flag] : known) {
      if (!iequals(keyword, word)) continue;
      offered.*flag = false;
      found = true;
    }
    if (!found) return fail(ErrorKind::invalid, "not offered by the sink: " + printable(word));
  }
  // BINARYMIME without CHUNKING cannot be used (RFC 3030 3).
  if (!offered.chunking) offered.binary_mime = false;
  return {};
}

}  // namespace ringpost::bench
