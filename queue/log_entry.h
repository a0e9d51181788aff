// What one appender gives to the spool log: one or two records that stand and fall together, adjacent in one segment.
// The entry is a link in the log's lines and is run() once its records are on the disk or have failed, so that neither
// queueing nor waking needs memory. It belongs to the appender and must not move or die between SpoolLog::enqueue() and
// run(); private to queue/.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/operation.h"
#include "io/slice.h"
#include "queue/index_item.h"
#include "queue/record.h"

namespace ringpost::queue {

/// Where a record came to lie.
struct Appended {
  LogPosition begin;                 // of the record's header
  LogPosition end;                   // behind its last octet: the watermark once it is applied
  std::uint32_t payload_offset = 0;  // of the payload's first octet in the segment
};

/// The payload is `slices`, then `text`.
struct LogRecord {
  RecordType type = RecordType::chunk;
  std::vector<io::Slice> slices;
  std::string text;
  std::uint64_t length = 0;       // of both; the log refuses what does not fit a segment
  std::uint32_t payload_crc = 0;  // of both
  Appended at;                    // set before placed()

  void set_payload(RecordType what, std::vector<io::Slice> payload);
  void set_payload(RecordType what, std::string payload);

  // The padding of the record in front, then the header: one vector of the write.
  std::array<char, record_alignment_octets + record_header_octets> lead{};
};

class LogEntry : public io::Runnable {
 public:
  static constexpr std::uint64_t any_failures = std::numeric_limits<std::uint64_t>::max();

  std::array<LogRecord, 2> records;
  std::uint8_t count = 1;  // of records used
  bool sync = false;       // wants to be on stable storage
  /// Refers to records written when SpoolLog::failures() was this: if there was a failure since, it must not be
  /// written.
  std::uint64_t failures_seen = any_failures;
  std::unique_ptr<IndexItem> item;  // handed in by the log when the group is written
  std::optional<Error> error;       // when run() is called

  std::uint64_t octets() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += record_octets(records[i].length);
    return sum;
  }
  /// The places are known, nothing is written yet: the payload must not change any more, the item may.
  virtual void placed() noexcept {}

 protected:
  ~LogEntry() = default;
};

}  // namespace ringpost::queue
