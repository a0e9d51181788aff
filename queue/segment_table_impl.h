// The inside of SegmentTable: what both of its halves touch, the bookkeeping (segment_table.cc) and the making of
// segments (segment_maker.cc). Private to these two. Everything is protected by `mutex` except what is const; no file
// is touched while it is held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "queue/segment_table.h"

namespace ringpost::queue {

/// A log's writer that waits for a segment on its reactor.
struct SegmentRequest final : io::Parcel {
  explicit SegmentRequest(io::Reactor& its_reactor) noexcept : reactor(its_reactor) {}
  void deliver() noexcept override { waiting.resume(); }

  io::Reactor& reactor;
  std::coroutine_handle<> waiting;
  std::optional<Result<OpenSegment>> result;
};

struct SegmentTable::Impl {
  struct File {
    std::string name;
    std::uint64_t octets = 0;
    std::shared_ptr<SpoolFile> open;  // kept open, at most files_open_max of them
    std::weak_ptr<SpoolFile> used;    // open for as long as somebody has it
  };
  struct Segment {
    File file;
    std::uint64_t generation = 0;
    std::int64_t live = 0;
    std::uint32_t pins = 0;
  };
  struct Log {
    std::uint64_t next_sequence = 1;
    LogPosition watermark;
    bool active = false;  // has a writer: one segment is prepared ahead
    bool making = false;  // somebody makes its next segment, without the mutex
    bool large_records = false;
    std::optional<OpenSegment> prepared;
    std::deque<SegmentRequest*> requests;
    MonotonicTime retry_at{};  // after a failure to prepare
  };
  using Lock = std::unique_lock<std::mutex>;

  Impl(FileSystem& file_system, std::string where, std::uint64_t octets, std::uint64_t reserve)
      : files(file_system), directory(std::move(where)), segment_octets(octets), min_free_disk(reserve) {}

  std::string path_of(const std::string& name) const { return directory + "/" + name; }
  bool is_spare(SegmentKey key, const Segment& segment) const;
  /// Recycles `key` if nothing pins it.
  void release(SegmentKey key);
  void release_all(std::uint16_t log);
  void start_recycling();
  void keep_open(File& file, std::shared_ptr<SpoolFile> open);
  void forget(File& file) noexcept;
  Result<void> adopt(const std::string& name);

  /// Makes the next segment of `log` and puts it into Log::prepared. Unlocks meanwhile.
  Result<void> make(Lock& lock, std::uint16_t log);
  Result<File> take_file(Lock& lock, bool large_records);
  Result<File> create_file(const std::string& name, bool large_records, std::shared_ptr<SpoolFile>& open);
  OpenSegment take_prepared(Log& log);
  void serve();  // the helper thread
  bool make_what_is_wanted(Lock& lock);
  void answer(Log& log, const Result<void>& made);
  bool look_at_disk(Lock& lock);
  void trim(Lock& lock);

  FileSystem& files;
  const std::string directory;
  const std::uint64_t segment_octets;
  const std::uint64_t min_free_disk;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<SegmentKey, Segment> segments;
  std::map<std::uint16_t, Log> logs;
  std::vector<File> free;
  std::size_t files_open = 0;
  std::uint64_t next_generation = 1;
  std::uint64_t next_file = 1;
  bool recycling = false;  // recovery is over
  bool closing = false;
  std::thread helper;

  std::atomic<std::uint64_t> disk_free{~std::uint64_t{0}};
  MonotonicTime disk_asked{};
};

}  // namespace ringpost::queue
