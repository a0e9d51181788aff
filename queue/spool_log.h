// The spool log of one worker: what makes an accept durable. Lives on its worker's core; every method is called there.
//
// Records lie in the order in which they were appended. The octets are written by the group commit: at the end of a
// reactor turn, if no commit is in flight, what was appended so far gets its places and goes out as one vectored write,
// synced if any record of the group asks for it (README.md, "One request for a write and its sync"). What is appended
// meanwhile forms the next group. The slices are held, not copied, until the group is written.
//
// When a group is written, first its items go to the indexer, then its appenders are resumed, both in order of
// position; so nothing reaches the indexer before what lies in front of it in the log (the watermark rests on this).
//
// A record whose commit failed was never acknowledged: its appender gets the error (451 or 452), the segment is closed,
// and a new one begins with a record that cancels the accepts that may still be readable. Until that record is on the
// disk the log is unhealthy and refuses; it tries again every second by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/slice.h"
#include "io/task.h"
#include "queue/index_item.h"
#include "queue/log_entry.h"
#include "queue/log_position.h"
#include "queue/record.h"

namespace ringpost::queue {

class SegmentTable;
struct Options;

class SpoolLog {
 public:
  /// `segments`, `options` and `sink` outlive the log.
  SpoolLog(std::uint16_t number, io::Reactor& reactor, SegmentTable& segments, const Options& options, IndexSink& sink);
  /// After close().
  ~SpoolLog();

  /// Takes the first segment, a fresh one. Blocking: before the worker serves, after the log was replayed.
  Result<void> open();

  std::uint16_t number() const noexcept;

  /// One record; resumes when it is written (page cache) or, with `sync`, on stable storage (unless Options::durability
  /// says `written`). `item` is handed in first, with its `end`; an accept that failed is dropped instead, any other
  /// item of a failed record is handed in without a position. Errors: no_space (452 4.3.1), io (451 4.3.0), too_large
  /// (it does not fit a segment), unavailable (closed).
  io::Task<Result<Appended>> append(RecordType type, std::string payload, bool sync,
                                    std::unique_ptr<IndexItem> item = nullptr);
  io::Task<Result<Appended>> append(RecordType type, std::vector<io::Slice> payload, bool sync,
                                    std::unique_ptr<IndexItem> item = nullptr);
  /// Nobody waits: attempt begun, attempt ended. Lost with the page cache, never reordered.
  void append_unsynced(RecordType type, std::string payload, std::unique_ptr<IndexItem> item = nullptr);
  /// The general form. `entry` is run() later, also on failure, never from within this call.
  void enqueue(LogEntry& entry) noexcept;

  /// Octets held in memory by appends that are not written yet; the owner stops reading from clients above a limit.
  std::uint64_t octets_waiting() const noexcept;
  /// Why no new message should be taken; nullptr while healthy. Cheap: asked before every DATA.
  const Error* unhealthy() const noexcept;
  /// How often a write or sync failed. What was written without sync before a failure may be lost, however later syncs
  /// end.
  std::uint64_t failures() const noexcept;

  /// Flushes and waits for the last group. Nothing may be appended afterwards.
  io::Task<> close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
