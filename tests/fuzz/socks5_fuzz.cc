// What a SOCKS5 proxy answers is understood the same when it arrives octet by octet, no parser takes an octet it has
// not got, and none asks for more than an answer may have.
#include <cstdint>

#include "relay/socks5.h"
#include "tests/fuzz/require.h"

using namespace ringpost;

namespace {

/// The first verdict on the octets as they come is the verdict on that many.
template <class Parse, class IsWhole>
void check(std::string_view input, std::size_t octets_max, Parse parse, IsWhole is_whole) {
  for (std::size_t octets = 0; octets <= input.size(); ++octets) {
    const auto part = parse(input.substr(0, octets));
    if (part && !is_whole(*part)) {
      require(octets < octets_max);
      continue;
    }
    require(octets <= octets_max);
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto has_value = [](const auto& answer) { return answer.has_value(); };
  for (const bool with_login : {false, true}) {
    check(
        input, 2, [with_login](std::string_view octets) { return relay::parse_socks5_method(octets, with_login); },
        has_value);
  }
  check(input, 2, relay::parse_socks5_login_reply, [](bool taken) { return taken; });
  check(input, relay::socks5_answer_octets_max, relay::parse_socks5_reply, has_value);
  const auto whole = relay::parse_socks5_reply(input);
  if (!whole || !*whole) return 0;
  require((*whole)->octets <= size && (*whole)->octets <= relay::socks5_answer_octets_max);
  require(!relay::socks5_reply_text((*whole)->code).empty());
  if ((*whole)->code != 0) return 0;
  const auto exact = relay::parse_socks5_reply(input.substr(0, (*whole)->octets));
  require(exact && *exact && (*exact)->octets == (*whole)->octets);
  const auto short_by_one = relay::parse_socks5_reply(input.substr(0, (*whole)->octets - 1));
  require(short_by_one && !*short_by_one);
  return 0;
}
