// Why a recipient has not got its message yet: the gates it stands at, in the order in which they are passed, each with
// the rule or the reply behind it, from what the queue really knows. Made by Inspector::explain().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "queue/message_record.h"

namespace ringpost::queue {

struct Gate {
  enum class Kind : std::uint8_t {
    drop,       // a mark: it will be removed
    suspend,    // a mark
    hold,       // a mark
    reroute,    // a mark: it will be moved
    release,    // its sender has it held (RFC 4865)
    retry,      // an attempt failed; its next time has not come
    postponed,  // the destination is down, or nobody may send there now
    limit,      // of the route, of what the site bears, or of the whole process: relay's word
    index,      // accepted a moment ago or read back soon: not in the window yet, the window is full
    ready,      // in the window, others of its destination stand in front of it; or a connection is wanted
    attempt,    // being delivered now
  };
  Kind kind = Kind::ready;
  std::string why;
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::uint64_t mark = 0;   // its number, 0: none
  std::uint64_t ahead = 0;  // of `ready` and `index`: messages that come first
};
std::string_view to_string(Gate::Kind kind) noexcept;

struct Explanation {
  std::string recipient;
  std::string destination;
  RecipientPhase phase = RecipientPhase::queued;
  std::uint32_t attempts = 0;
  std::vector<Gate> gates;       // of a queued one, the first to pass first
  std::optional<WallTime> next;  // attempt, at the earliest; none: only an operator can tell
};

/// Where a queued recipient is, as its scheduler sees it.
struct Whereabouts {
  enum class Place : std::uint8_t { disk, window, lease };
  Place place = Place::disk;
  std::uint64_t ahead = 0;
};

}  // namespace ringpost::queue
