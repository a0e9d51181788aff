// A header is understood the same when it arrives octet by octet, takes no octet it has not got, and asks for more only
// within its limits.
#include "server/proxy_header.h"
#include "tests/fuzz/require.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto whole = server::parse_proxy_header(input);
  if (whole && !*whole) require(size < server::proxy_v2_octets_max);
  if (whole && *whole) require((*whole)->octets > 0 && (*whole)->octets <= size);

  for (std::size_t octets = 0; octets <= size && octets <= server::proxy_v2_octets_max; ++octets) {
    const auto part = server::parse_proxy_header(input.substr(0, octets));
    if (part && !*part) continue;
    require(part.has_value() == whole.has_value());
    if (part) require(*whole && (*part)->octets == (*whole)->octets && octets == (*part)->octets);
    if (part) require((*part)->source == (*whole)->source && (*part)->is_local == (*whole)->is_local);
    break;
  }
  return 0;
}
