// Octet 0 chooses the cuts. The lines that come out, and those reported as errors, are the lines of the whole input,
// and what waits in between stays within the limit of a line.
#include "smtp/input_buffer.h"
#include "tests/fuzz/require.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t octets_max = 50;
  if (size == 0) return 0;
  const std::size_t step = data[0] % 64 + 1U;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  smtp::InputBuffer buffer;
  std::size_t expected_at = 0;
  for (std::size_t at = 0; at < input.size(); at += step) {
    buffer.append(io::Slice::copy_of(input.substr(at, step)));
    for (;;) {
      const auto line = buffer.next_line(octets_max);
      if (line && !*line) break;
      const std::size_t lf = input.find('\n', expected_at);
      require(lf != std::string_view::npos);
      const std::string_view expected = input.substr(expected_at, lf + 1 - expected_at);
      expected_at = lf + 1;
      const bool good =
          expected.size() <= octets_max && expected.size() >= 2 && expected.find('\r') == expected.size() - 2;
      require(line.has_value() == good);
      if (good) require(**line == expected.substr(0, expected.size() - 2));
      if (!good) require((line.error().kind == ErrorKind::too_large) == (expected.size() > octets_max));
    }
    require(buffer.size() < octets_max);
  }
  require(input.find('\n', expected_at) == std::string_view::npos);
  return 0;
}
