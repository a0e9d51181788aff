#include "smtp/data_decoder.h"

#include <algorithm>

#include "base/assert.h"

namespace ringpost::smtp {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view lone_dot_line = ".\r\n";

}  // namespace

/// The pieces one input slice turns into.
class DataDecoder::Output {
 public:
  Output(const io::Slice& source, std::vector<io::Slice>& out) noexcept : source_(source), out_(out) {}

  void add(std::string_view octets, bool borrowed) {
    if (pieces_ == pieces_max) {
      copy_.append(octets);
      return;
    }
    ++pieces_;
    out_.push_back(borrowed ? io::Slice::borrowed(octets)
                            : source_.sub(static_cast<std::size_t>(octets.data() - source_.data()), octets.size()));
  }

  /// Returns how many octets were moved.
  std::size_t finish() {
    if (copy_.empty()) return 0;
    out_.push_back(io::Slice::copy_of(copy_));
    return 2 * copy_.size();
  }

 private:
  const io::Slice& source_;
  std::vector<io::Slice>& out_;
  std::size_t pieces_ = 0;
  std::string copy_;
};

DataDecoder::Progress DataDecoder::feed(io::Slice octets, std::vector<io::Slice>& out) {
  RINGPOST_ASSERT(!finished_);
  Output output(octets, out);
  std::string_view left = octets.view();
  while (!left.empty() && !finished_) {
    if (state_ == State::line_start || state_ == State::text) {
      const std::uint64_t before = scan_.facts().octets;
      const auto run = scan_.feed_plain(left, state_ == State::line_start);
      store(left.substr(0, run.octets), before, false, output);
      left.remove_prefix(run.octets);
      state_ = run.at_line_start ? State::line_start : State::text;
      if (left.empty()) break;
    }
    if (step(left.front(), output)) left.remove_prefix(1);
  }
  copied_ += output.finish();
  if (!finished_) return Progress::need_more;
  scan_.finish();
  if (!left.empty()) rest_ = octets.sub(octets.size() - left.size());
  return Progress::finished;
}

/// One octet at which a plain run ended, or that follows a held-back one. False: it is not used up, look again.
bool DataDecoder::step(char c, Output& output) {
  switch (state_) {
    case State::line_start:
    case State::text:
      if (c == '\n') {
        put_bare(line_end, output);
        state_ = State::text;
      } else {
        RINGPOST_ASSERT(c == '\r' || state_ == State::line_start);
        state_ = c == '\r' ? State::cr : State::dot;
      }
      return true;
    case State::cr:
      if (c == '\n') {
        put(line_end, true, output);
        state_ = State::line_start;
        return true;
      }
      put_bare(line_end, output);
      state_ = State::text;
      return false;
    case State::dot:
      if (c == '\n') put_bare(lone_dot_line, output);
      state_ = c == '\r' ? State::dot_cr : State::text;  // any other octet: the dot was stuffing
      return c == '\r' || c == '\n';
    case State::dot_cr:
      if (c == '\n') {
        finished_ = true;
        return true;
      }
      put_bare(lone_dot_line, output);
      state_ = State::text;
      return false;
  }
  return true;
}

/// A line end that was bare in the input, normalised; where bare ones are refused nothing is put out from here on.
void DataDecoder::put_bare(std::string_view line_and_end, Output& output) {
  bare_ = true;
  put(line_and_end, true, output);
}

void DataDecoder::put(std::string_view octets, bool borrowed, Output& output) {
  const std::uint64_t before = scan_.facts().octets;
  scan_.feed(octets);
  store(octets, before, borrowed, output);
}

/// What the scan has seen already, with `before` octets of body in front of it.
void DataDecoder::store(std::string_view octets, std::uint64_t before, bool borrowed, Output& output) {
  if (octets.empty() || discarding()) return;
  const std::uint64_t room = octets_max_ - before;
  if (octets.size() > room) too_large_ = true;
  const std::string_view fitting =
      octets.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, octets.size())));
  if (!fitting.empty()) output.add(fitting, borrowed);
}

}  // namespace ringpost::smtp
