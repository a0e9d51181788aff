// An operator's word about queued mail, kept as one small record instead of being carried out message by message: it is
// in force as soon as it is written, however long the queue is (docs/decisions/0018-steering.md). A mark's number is
// also its generation. Every message remembers the newest mark there was when it was accepted, so "what is queued now"
// is a comparison of two numbers: clocks play no part.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/selector.h"

namespace ringpost::queue {

enum class MarkKind : std::uint8_t {
  suspend = 1,  // not offered, and what is accepted later neither, until the mark is lifted
  hold = 2,     // what was queued is not offered until it is released
  release = 3,  // an exception from older holds
  drop = 4,     // what was queued is removed without a bounce; nothing of it is offered meanwhile
  reroute = 5,  // what was queued goes to `to`; nothing of it is offered elsewhere
  retry = 6,    // what was queued is due now; stands in nobody's way
};
/// It speaks of mail that is still to be moved, removed or made due: the MarkReaper has work.
bool is_an_errand(MarkKind kind) noexcept;
std::string_view to_string(MarkKind kind) noexcept;

struct Mark {
  std::uint64_t id = 0;  // ascending, never used again
  MarkKind kind = MarkKind::suspend;
  Selector selector{};  // of `older_than` only `received_before` is kept; `state` is not for marks
  WallTime created{};
  std::optional<WallTime> received_before{};
  std::optional<WallTime> until{};  // lifts itself then
  std::string reason{};             // in the operator's words
  std::string by{};
  // Of a reroute: the destination, and the same for mail whose sender wants something of TLS.
  std::string to{}, to_required{}, to_optional{};

  /// Where a reroute leads a message.
  const std::string& target(const Message& message) const noexcept;
  bool covers(const Message& message, std::uint32_t recipient, std::string_view destination) const;
  bool operator==(const Mark&) const = default;
};

/// All marks in force. Immutable once published (steering.h), so that every core reads it without a lock.
struct Marks {
  Marks() = default;
  /// `marks` ascending by id; `newest`: the number of the newest mark that ever was.
  Marks(std::vector<Mark> marks, std::uint64_t newest);

  std::vector<Mark> all;
  std::uint64_t generation = 0;

  /// Why this recipient is not offered; nullptr: nothing stands in the way. A drop outweighs a suspension, that a
  /// hold, that a reroute which has not reached it; of holds and releases the newest counts.
  const Mark* gate(const Message& message, std::uint32_t recipient, std::string_view destination) const;
  /// The newest reroute that covers the recipient, if it leads away from `destination`.
  const Mark* way(const Message& message, std::uint32_t recipient, std::string_view destination) const;
  /// Nothing of `destination` may be offered, whatever it is: there is no need to look at it.
  bool closes(std::string_view destination) const {
    return closes_all_ || closed_.contains(destination) || closed_.contains(mail::without_wish(destination));
  }

 private:
  bool closes_all_ = false;
  std::set<std::string, std::less<>> closed_;
};

std::string encode_mark(const Mark& mark);
Result<Mark> decode_mark(std::string_view octets);

}  // namespace ringpost::queue
