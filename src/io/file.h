// Files by the ring: positioned reads and writes, data syncs, and the pair the spool lives on, a vectored write with a
// sync in it or linked behind it. Opening and creating happens at start-up or on the offload pool, by open_file().
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>

#include "base/result.h"
#include "io/file_descriptor.h"
#include "io/reactor.h"
#include "io/task.h"

namespace ringpost::io {

/// open(2), blocking: not on a reactor thread in service. `flags` as O_*; O_CLOEXEC is added.
Result<FileDescriptor> open_file(const std::string& path, int flags, unsigned mode = 0640);

enum class Sync : std::uint8_t {
  none,
  begun,    // the disk begins, and nobody waits: a later sync has the less to wait for (sync_file_range(2))
  data,     // fdatasync: all that was written to the file so far
  written,  // only what this call writes (RWF_DSYNC): one request instead of two, and one thread that wakes for it
};

/// Writes all of `octets` at `offset`, and returns after the sync. Vectors beyond 1024 become several writes of one
/// chain. Errors: no_space, io (also for a short write: then nothing is known about the range).
/// There is no deadline: a write that the disk holds cannot be taken back, and its memory must stay.
Task<Result<void>> write_file(Reactor& reactor, int fd, std::span<const iovec> octets, std::uint64_t offset, Sync sync);
Task<Result<void>> sync_file(Reactor& reactor, int fd);
/// What is cached of the file and is on the disk already leaves the page cache (POSIX_FADV_DONTNEED). Only advice: a
/// file system that cannot changes nothing.
Task<> drop_cached_file(Reactor& reactor, int fd);
/// Reads until `into` is full or the file ends; returns how much.
Task<Result<std::size_t>> read_file(Reactor& reactor, int fd, std::span<char> into, std::uint64_t offset);

}  // namespace ringpost::io
