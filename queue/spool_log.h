// The spool log of one worker: what makes an accept durable. Lives on its worker's core; every method is called there.
//
// append() reserves the place of a record at once, so records lie in the order of the calls; the octets are written by the
// group commit: at the end of a reactor turn, if no commit is in flight, everything appended so far goes out as one vectored
// write, with an fdatasync linked behind it if any record of the group asks for it. What is appended meanwhile forms the
// next group. The slices are held, not copied, until the group is written.
//
// A record whose commit failed was never acknowledged: its appender gets the error (451 or 452), the segment is closed and
// the next group goes to a new one, a cancel record for what may still be readable in front of it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/slice.h"
#include "io/task.h"
#include "queue/log_position.h"
#include "queue/record.h"

namespace ringpost::queue {

class SegmentTable;
class FileSystem;
struct Options;

/// Where a record came to lie.
struct Appended {
  LogPosition begin;            // of the record's header
  LogPosition end;              // behind its last octet: the watermark once it is applied
  std::uint32_t payload_offset = 0;  // of the payload's first octet in the segment
};

class SpoolLog {
 public:
  /// Continues log `number` behind `resume_at` in a fresh segment. `segments` and `files` outlive the log.
  SpoolLog(std::uint16_t number, io::Reactor& reactor, FileSystem& files, SegmentTable& segments, const Options& options);
  ~SpoolLog();

  /// Takes the first segment. Blocking: before the worker serves.
  Result<void> open();

  std::uint16_t number() const noexcept;

  /// One record; resumes when it is written (Sync::none) or on stable storage (Sync::data). The payload is at most
  /// Options::chunk_octets_max plus 64 KiB. `payload_crc` is of the payload.
  /// Errors: no_space (452 4.3.1), io (451 4.3.0).
  io::Task<Result<Appended>> append(RecordType type, std::vector<io::Slice> payload, bool sync);
  /// Several records that stand and fall together, adjacent in one segment.
  struct Part {
    RecordType type;
    std::vector<io::Slice> payload;
  };
  io::Task<Result<std::vector<Appended>>> append_all(std::vector<Part> parts, bool sync);
  /// Nobody waits: attempt begun, attempt ended, abandoned uploads. Lost with the page cache, never reordered.
  LogPosition append_unsynced(RecordType type, std::string payload);

  /// Octets held in memory by appends that are not written yet; the owner stops reading from clients above a limit.
  std::uint64_t octets_waiting() const noexcept;
  /// Why no new message should be taken; nullptr while healthy. Cheap: asked before every DATA.
  const Error* unhealthy() const noexcept;

  /// Flushes and waits for the last group. Nothing may be appended afterwards.
  io::Task<> close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
