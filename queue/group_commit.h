// The writer behind a SpoolLog: gathers what was enqueued, gives it places, writes a group at a time, leaves segments
// that are full, and gets over failures. One coroutine does all of it, woken at the end of a reactor turn. Private to
// queue/.
//
// Invariants, on the log's core:
//   synced_ <= offset_ <= segment_->octets         what is durable, what is written, in the segment being written
//   at most one write is in flight, and only for group_
//   no segment is left with written octets that are not synced, unless failures_ says so
//   error_ is set: nothing is written but what ends the error (see renew())
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/intrusive.h"
#include "io/reactor.h"
#include "io/scope.h"
#include "queue/log_entry.h"
#include "queue/options.h"
#include "queue/segment_table.h"

namespace ringpost::queue {

class GroupCommit {
 public:
  // One write: larger groups make fewer syncs, smaller ones let the first of a group wait less.
  static constexpr std::uint64_t group_octets_max = 4 << 20;
  static constexpr std::size_t group_records_max = 1024;
  static constexpr std::size_t group_vectors_max = 8192;

  GroupCommit(std::uint16_t log, io::Reactor& reactor, SegmentTable& segments, const Options& options, IndexSink& sink);
  ~GroupCommit();

  Result<void> open();
  void enqueue(LogEntry& entry) noexcept;
  io::Task<> close();

  std::uint16_t log() const noexcept { return log_; }
  std::uint64_t octets_waiting() const noexcept { return octets_waiting_; }
  const Error* unhealthy() const noexcept { return error_ ? &*error_ : nullptr; }
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  struct Hook final : io::TurnHook {
    explicit Hook(GroupCommit& commit) noexcept : owner(commit) {}
    void end_of_turn() noexcept override { owner.end_of_turn(); }
    GroupCommit& owner;
  };
  struct RetryTimer final : io::Timer {
    explicit RetryTimer(GroupCommit& commit) noexcept : owner(commit) {}
    void on_timer() noexcept override { owner.retry_due_ = true; }  // the turn that fires it ends with the hook
    GroupCommit& owner;
  };
  struct Idle;

  void end_of_turn() noexcept;
  io::Task<> write_groups();
  io::Task<> write_group();
  io::Task<> leave_segment();
  io::Task<> renew();
  io::Task<Result<void>> write_cancelled();

  bool front_fits() noexcept;
  bool form_group();
  void place(LogEntry& entry);
  void fill_page();
  void group_written(Duration took);
  void group_failed(const Error& error);
  void take(OpenSegment segment);
  void segment_lost(const Error& error);
  void drop_segment();
  void broken(const Error& error);
  void refuse_waiting(const Error& error);
  void refuse(LogEntry& entry, const Error& error);

  const std::uint16_t log_;
  io::Reactor& reactor_;
  SegmentTable& segments_;
  const Options& options_;
  IndexSink& sink_;

  std::optional<OpenSegment> segment_;
  std::uint32_t offset_ = 0;
  std::uint32_t synced_ = 0;
  std::size_t segment_records_ = 0;

  IntrusiveList<LogEntry> waiting_;
  std::uint64_t octets_waiting_ = 0;

  IntrusiveList<LogEntry> group_;
  std::vector<iovec> vectors_;
  std::uint32_t group_end_ = 0;      // behind the last octet of the group, padding included
  std::uint32_t vectors_begin_ = 0;  // where the write begins
  std::size_t group_records_ = 0;
  std::uint64_t group_octets_ = 0;
  std::uint64_t group_synced_entries_ = 0;

  std::optional<Error> error_;
  std::uint64_t failures_ = 0;
  std::vector<MessageId> cancelled_;  // of the last failed group
  bool retry_due_ = false;
  Duration retry_wait_{};

  std::coroutine_handle<> idle_;  // the writer, while nothing is in flight
  bool closing_ = false;
  bool finished_ = true;
  io::Scope scope_;
  Hook hook_{*this};
  RetryTimer retry_timer_{*this};
};

}  // namespace ringpost::queue
