// A place in a spool log. Each worker writes one log; a log is a sequence of segments, numbered from 1 as they are
// begun; positions of one log are totally ordered. Logs are named by a small number that outlives the worker count.
#pragma once

#include <compare>
#include <cstdint>

namespace ringpost::queue {

struct LogPosition {
  std::uint64_t segment = 0;  // sequence number within the log; 0: before everything
  std::uint32_t offset = 0;   // octets from the start of the segment file
  auto operator<=>(const LogPosition&) const = default;
};

/// Octets of a body in a log: the payload of one chunk record, or a part of it.
struct Extent {
  std::uint16_t log = 0;
  std::uint64_t segment = 0;
  std::uint32_t offset = 0;  // of the first octet, not of the record's header
  std::uint32_t octets = 0;
  bool operator==(const Extent&) const = default;
};

}  // namespace ringpost::queue
