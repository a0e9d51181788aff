// A mark from a disk that lies: decoding must refuse or understand, and what it understands encodes to the same octets,
// or, where an earlier schema wrote it, to ours.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "queue/mark.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ringpost::queue;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto mark = decode_mark(octets);
  if (!mark) return 0;
  const std::string again = encode_mark(*mark);
  RINGPOST_ASSERT(again == octets || octets.starts_with('\x01'));
  const auto ours = decode_mark(again);
  RINGPOST_ASSERT(ours && *ours == *mark);
  return 0;
}
