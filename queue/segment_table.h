// Which segment files exist, and who pins them (README.md, "Who pins a segment"). Shared by all logs, the indexer and
// the readers, under one mutex that is taken when a segment is begun or left, when a batch is applied, and when a
// reader opens a segment; never per octet. A file nobody pins is recycled: a new generation and sequence number, for
// any log. Creates files ahead of need on a helper thread of its own. Keeps `files_open_max` files open;
// a reader of any other opens it anew.
//
// At start-up: scan(), then add_live() and set_synced_watermark() for what RocksDB knows, replay, add_live() for what
// that found, and only then begin(). Nothing is recycled before the first begin(): chunks in front of a watermark may
// belong to an accept behind it, and the pins that kept them died with the process before.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"
#include "queue/file_system.h"
#include "queue/log_position.h"
#include "queue/record.h"

namespace ringpost::queue {

struct SegmentKey {
  std::uint16_t log = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const SegmentKey&) const = default;
};

struct OpenSegment {
  SegmentKey key;
  std::uint64_t generation = 0;
  std::uint64_t octets = 0;
  std::shared_ptr<SpoolFile> file;
};

class SegmentTable {
 public:
  SegmentTable(FileSystem& files, std::string directory, std::uint64_t segment_octets, std::uint64_t min_free_disk);
  ~SegmentTable();

  static constexpr std::size_t files_open_max = 512;

  /// Start-up: finds all files of the directory, reads their headers. Blocking. A file that was being created when the
  /// process died is removed; one with a header that is not ours is left alone. Errors: io.
  Result<void> scan();
  /// Segments of `log` in order of sequence, as scan() found them.
  std::vector<OpenSegment> segments_of(std::uint16_t log) const;
  bool contains(SegmentKey key) const;
  std::vector<std::uint16_t> logs() const;

  /// A segment for `log` with the next sequence number, its header written and synced; pinned for the log. From now on
  /// one is prepared ahead for this log. Blocking. Errors: no_space (below min_free_disk or ENOSPC), io.
  Result<OpenSegment> begin(std::uint16_t log);
  /// The same for a reactor: at once where one was prepared ahead, else the helper thread makes one meanwhile.
  io::Task<Result<OpenSegment>> begin_soon(std::uint16_t log, io::Reactor& reactor);

  /// By the writer of `log`, before it asks for another segment: the records of the last one were large, so a new file
  /// for it need not be zero-filled, only reserved.
  void set_large_records(std::uint16_t log, bool large);

  /// Pins, by count: uploads with chunks in it, the log writing it, readers. Nothing where there is no such segment.
  void pin(SegmentKey key);
  void unpin(SegmentKey key);
  /// For readers: the file and a pin. Errors: not_found.
  Result<OpenSegment> open_pinned(SegmentKey key);

  /// By the indexer, after the batch that says so: live octets changed; everything before `position` of `log` is
  /// applied and synced.
  void add_live(SegmentKey key, std::int64_t octets);
  void set_synced_watermark(std::uint16_t log, LogPosition position);

  struct Totals {
    std::uint64_t segments = 0, free = 0, live_octets = 0, disk_free_octets = 0;
  };
  Totals totals() const;
  /// True while the disk has less than min_free_disk. Cheap: the helper thread asks the file system once a second.
  bool disk_low() const;
  /// Segments with little alive (share of live octets below `share_max`), oldest first: candidates for copying out.
  std::vector<SegmentKey> sparse(double share_max) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
