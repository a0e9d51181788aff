#include "smtp/input_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace ringpost::smtp {

namespace {

constexpr PublicStatus syntax_status{500, {5, 5, 2}};
constexpr PublicStatus too_long_status{500, {5, 5, 6}};

}  // namespace

void InputBuffer::append(io::Slice octets) {
  if (octets.empty()) return;
  received_ += octets.size();
  if (front_.empty()) {
    front_ = std::move(octets);
    return check();
  }
  const std::size_t waiting = waiting_.size() - first_waiting_ + 1;
  if (waiting >= waiting_slices_max && last().size() + octets.size() <= joined_octets_max) {
    std::string joined(last().view());
    joined.append(octets.view());
    last() = io::Slice::copy_of(joined);
    copied_ += 2 * joined.size();
    return check();
  }
  if (first_waiting_ > 0 && 2 * first_waiting_ >= waiting_.size()) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_waiting_));
    first_waiting_ = 0;
  }
  waiting_.push_back(std::move(octets));
  check();
}

void InputBuffer::push_front(io::Slice octets) {
  if (octets.empty()) return;
  RINGPOST_ASSERT(octets.size() <= consumed_);
  consumed_ -= octets.size();
  parsed_ = consumed_;
  line_end_ = 0;
  if (!front_.empty()) {
    if (first_waiting_ > 0) {
      waiting_[--first_waiting_] = std::move(front_);
    } else {
      waiting_.insert(waiting_.begin(), std::move(front_));
    }
  }
  front_ = std::move(octets);
  check();
}

Result<std::optional<std::string_view>> InputBuffer::next_line(std::size_t octets_max) {
  release_line();
  if (!find_line_end()) {
    if (size() >= octets_max && !empty()) {  // even an LF in the next octet would come too late
      discarding_ = true;
      drop_all();
    }
    return std::nullopt;
  }
  const auto octets = static_cast<std::size_t>(line_end_ - consumed_);
  if (discarding_ || octets > octets_max) {
    discarding_ = false;
    const std::string_view tail = lift_line(octets);
    cut_at_bare_lf_ = tail.size() >= 2 && !tail.ends_with("\r\n");
    return fail(ErrorKind::too_large, "line longer than " + std::to_string(octets_max) + " octets", too_long_status);
  }
  std::string_view line = lift_line(octets);
  cut_at_bare_lf_ = !line.ends_with("\r\n");
  if (cut_at_bare_lf_) return fail(ErrorKind::invalid, "line ended by a bare LF", syntax_status);
  line.remove_suffix(2);
  if (line.find('\r') != std::string_view::npos) return fail(ErrorKind::invalid, "bare CR in a line", syntax_status);
  return line;
}

io::Slice InputBuffer::take(std::size_t octets_max) {
  release_line();
  io::Slice piece = front_.sub(0, octets_max);
  consume(piece.size());
  return piece;
}

void InputBuffer::clear() noexcept {
  release_line();
  discarding_ = false;
  cut_at_bare_lf_ = false;
  drop_all();
}

void InputBuffer::copy_out() {
  const auto own = [this](io::Slice& slice) {
    if (!slice.holds_ring_buffer()) return;
    slice = io::Slice::copy_of(slice.view());
    copied_ += slice.size();
  };
  own(front_);
  std::for_each(waiting_.begin() + static_cast<std::ptrdiff_t>(first_waiting_), waiting_.end(), own);
}

bool InputBuffer::holds_ring_buffer() const noexcept {
  return line_.holds_ring_buffer() || front_.holds_ring_buffer() ||
         std::any_of(waiting_.begin() + static_cast<std::ptrdiff_t>(first_waiting_), waiting_.end(),
                     [](const io::Slice& slice) { return slice.holds_ring_buffer(); });
}

bool InputBuffer::find_line_end() noexcept {
  if (line_end_ != 0) return true;
  std::uint64_t begin = consumed_;
  const auto search = [&](const io::Slice& slice) {
    const std::uint64_t end = begin + slice.size();
    if (end > parsed_) {
      const char* from = slice.data() + (parsed_ - begin);
      const void* lf = std::memchr(from, '\n', static_cast<std::size_t>(end - parsed_));
      parsed_ = lf == nullptr ? end : parsed_ + static_cast<std::uint64_t>(static_cast<const char*>(lf) - from) + 1;
      if (lf != nullptr) line_end_ = parsed_;
    }
    begin = end;
    return line_end_ != 0;
  };
  if (!front_.empty() && search(front_)) return true;
  for (std::size_t i = first_waiting_; i < waiting_.size(); ++i) {
    if (search(waiting_[i])) return true;
  }
  if (discarding_) drop_all();
  return false;
}

/// The first `octets`, in place if they lie in one slice. They are consumed.
std::string_view InputBuffer::lift_line(std::size_t octets) {
  if (octets <= front_.size()) {
    line_ = front_.sub(0, octets);
    consume(octets);
    return line_.view();
  }
  assembled_.reserve(octets);
  while (assembled_.size() < octets) {
    const std::string_view piece = front_.view().substr(0, octets - assembled_.size());
    assembled_.append(piece);
    consume(piece.size());
  }
  copied_ += octets;
  return assembled_;
}

void InputBuffer::release_line() noexcept {
  line_ = io::Slice();
  if (!assembled_.empty()) std::string().swap(assembled_);
}

void InputBuffer::consume(std::size_t octets) noexcept {
  consumed_ += octets;
  while (octets > 0) {
    const std::size_t here = std::min(octets, front_.size());
    front_.remove_prefix(here);
    octets -= here;
    if (front_.empty()) pop_front();
  }
  parsed_ = std::max(parsed_, consumed_);
  if (line_end_ <= consumed_) line_end_ = 0;
  check();
}

void InputBuffer::pop_front() noexcept {
  if (first_waiting_ == waiting_.size()) {
    front_ = io::Slice();
    return;
  }
  front_ = std::move(waiting_[first_waiting_++]);
  if (first_waiting_ == waiting_.size()) {
    std::vector<io::Slice>().swap(waiting_);
    first_waiting_ = 0;
  }
}

void InputBuffer::drop_all() noexcept {
  front_ = io::Slice();
  std::vector<io::Slice>().swap(waiting_);
  first_waiting_ = 0;
  consumed_ = parsed_ = received_;
  line_end_ = 0;
}

void InputBuffer::check() const noexcept {
  RINGPOST_ASSERT(consumed_ <= parsed_ && parsed_ <= received_);
  RINGPOST_ASSERT(front_.empty() == empty());
}

}  // namespace ringpost::smtp
