// Octet 0 chooses the policy and how the rest is cut; the result must be what the reference makes of the whole.
#include "smtp/data_decoder.h"
#include "tests/fuzz/require.h"
#include "tests/unit/smtp/data_reference.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto policy = (data[0] & 1) != 0 ? smtp::BareLineEnding::normalize : smtp::BareLineEnding::refuse;
  const std::size_t step = (data[0] >> 1) + 1U;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  smtp::DataDecoder decoder(policy, 1 << 20);
  std::vector<io::Slice> out;
  std::size_t used = 0;
  while (used < input.size() && !decoder.finished()) {
    const std::string_view cut = input.substr(used, step);
    decoder.feed(io::Slice::copy_of(cut), out);
    used += cut.size();
  }
  const std::size_t rest = decoder.rest().size();
  std::string body;
  for (const io::Slice& slice : out) {
    require(!slice.empty());
    body.append(slice.view());
  }

  const auto expected = reference::decode_data(input);
  require(decoder.finished() == expected.has_value());
  if (!expected) return 0;
  require(used - rest == expected->used);
  require(decoder.saw_bare_cr_or_lf() == expected->bare);
  require(decoder.facts().octets == expected->body.size());
  const bool refused = expected->bare && policy == smtp::BareLineEnding::refuse;
  require((decoder.verdict() == smtp::DataDecoder::Verdict::bare_cr_or_lf) == refused);
  if (refused) return 0;
  require(body == expected->body);
  require(decoder.facts() == reference::facts_of(body));
  return 0;
}
