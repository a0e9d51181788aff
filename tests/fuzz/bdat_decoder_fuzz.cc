// Each round takes two octets: the size of a chunk and how its octets are cut. What comes out is what went in.
#include <algorithm>

#include "smtp/bdat_decoder.h"
#include "tests/fuzz/require.h"
#include "tests/unit/smtp/data_reference.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t octets_max = 600;
  smtp::BdatDecoder decoder(octets_max);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<io::Slice> out;
  std::string body;
  while (input.size() >= 2) {
    const auto announced = static_cast<unsigned char>(input[0]);
    const std::size_t step = static_cast<unsigned char>(input[1]) + 1U;
    input.remove_prefix(2);
    if (announced > input.size()) break;
    auto progress = decoder.begin_chunk(announced, false);
    std::size_t left = announced;
    while (left > 0) {
      require(progress == smtp::BdatDecoder::Progress::need_more && decoder.chunk_octets_left() == left);
      const std::string_view cut = input.substr(0, step);
      const std::size_t used = std::min(left, cut.size());
      progress = decoder.feed(io::Slice::copy_of(cut), out);
      require(decoder.rest().view() == cut.substr(used));
      body.append(cut.substr(0, used));
      input.remove_prefix(used);
      left -= used;
    }
    require(progress == smtp::BdatDecoder::Progress::chunk_complete);
  }
  require(decoder.begin_chunk(0, true) == smtp::BdatDecoder::Progress::finished);
  require(decoder.facts().octets == body.size());
  require((decoder.verdict() == smtp::BdatDecoder::Verdict::too_large) == (body.size() > octets_max));
  std::string stored;
  for (const io::Slice& slice : out) stored.append(slice.view());
  require(stored.size() <= octets_max && body.starts_with(stored));
  if (body.size() > octets_max) return 0;
  require(stored == body);
  require(decoder.facts() == reference::facts_of(body));
  return 0;
}
