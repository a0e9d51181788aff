// Reads a log after a restart: every valid record from a position on, in order, through its segments. A segment ends at
// its first record that is not whole, of another generation, or damaged; reading goes on with the segment of the next
// number, because a segment is left early when it is full or a sync failed, and what was acknowledged later lies
// behind. Blocking; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/log_position.h"
#include "queue/message_record.h"
#include "queue/record.h"

namespace ringpost::queue {

class SegmentTable;

struct ReplayedRecord {
  std::uint16_t log = 0;
  RecordType type = RecordType::chunk;
  std::string_view payload;  // valid during the call
  LogPosition begin;
  LogPosition end;  // the watermark once it is applied
};

struct ReplayReport {
  LogPosition end;  // behind the last valid record, or `from` if there was none
  std::uint64_t records = 0;
  std::uint64_t octets = 0;
  std::uint64_t without_body = 0;  // accepts that were passed over
};

/// `from` is the log's watermark, {} for the beginning. A watermark of offset 0 may stand at a segment that was never
/// begun; any other must lie in a segment that is there. Chunks are checked but handed to `visit` too. An error of
/// `visit` ends the reading and is returned. Errors: corrupt when a segment that must be there is missing, io.
Result<ReplayReport> replay_log(const SegmentTable& segments, std::uint16_t log, LogPosition from,
                                const std::function<Result<void>(const ReplayedRecord&)>& visit);

/// The message of an accept record, its extents resolved. Errors: corrupt.
Result<Message> decode_accept(const ReplayedRecord& accept);

/// Payload of attempt_begun.
struct AttemptBegun {
  MessageId message;
  std::vector<std::uint32_t> recipients;
};
std::string encode_attempt_begun(const AttemptBegun& begun);
Result<AttemptBegun> decode_attempt_begun(std::string_view payload);
/// Payload of cancelled.
std::string encode_cancelled(const std::vector<MessageId>& messages);
Result<std::vector<MessageId>> decode_cancelled(std::string_view payload);

}  // namespace ringpost::queue
