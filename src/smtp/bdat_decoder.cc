#include "smtp/bdat_decoder.h"

#include <algorithm>

#include "base/assert.h"

namespace ringpost::smtp {

BdatDecoder::Progress BdatDecoder::begin_chunk(std::uint64_t octets, bool last) {
  RINGPOST_ASSERT(!open_ && !finished_);
  open_ = true;
  last_ = last;
  left_ = octets;
  if (octets > octets_max_ - announced_) {
    too_large_ = true;
  } else {
    announced_ += octets;
  }
  return left_ == 0 ? end_chunk() : Progress::need_more;
}

BdatDecoder::Progress BdatDecoder::feed(io::Slice octets, std::vector<io::Slice>& out) {
  RINGPOST_ASSERT(open_);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size()));
  left_ -= count;
  if (count < octets.size()) rest_ = octets.sub(count);
  if (discarding()) {
    scan_.count_only(count);
  } else if (count > 0) {
    scan_.feed(octets.view().substr(0, count));
    out.push_back(octets.sub(0, count));
  }
  return left_ == 0 ? end_chunk() : Progress::need_more;
}

BdatDecoder::Progress BdatDecoder::end_chunk() {
  open_ = false;
  if (!last_) return Progress::chunk_complete;
  finished_ = true;
  scan_.finish();
  return Progress::finished;
}

}  // namespace ringpost::smtp
