// The one door between the queue and the disk (RocksDB apart), small enough that a test can stand in it: keep any
// prefix of what was written, drop or tear any unsynced write, fail any sync, fill the disk.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/reactor.h"
#include "io/task.h"

namespace ringpost::queue {

/// An open segment file.
class SpoolFile {
 public:
  virtual ~SpoolFile() = default;
  /// As io::write_file; on a reactor.
  virtual io::Task<Result<void>> write(io::Reactor& reactor, std::span<const iovec> octets, std::uint64_t offset,
                                       io::Sync sync) = 0;
  /// As io::read_file; on a reactor.
  virtual io::Task<Result<std::size_t>> read(io::Reactor& reactor, std::span<char> into, std::uint64_t offset) = 0;
  /// As io::drop_cached_file; on a reactor.
  virtual io::Task<> drop_cached(io::Reactor& reactor) = 0;
  /// Blocking: start-up, recovery and helper threads.
  virtual Result<void> write_now(std::string_view octets, std::uint64_t offset) = 0;
  virtual Result<std::size_t> read_now(std::span<char> into, std::uint64_t offset) = 0;
  virtual Result<void> sync_now() = 0;
  virtual Result<std::uint64_t> size_now() = 0;
  /// Fills [0, octets) with zeros on the disk, allocated and synced, so that later writes change no metadata. Blocking.
  virtual Result<void> fill_with_zeros(std::uint64_t octets) = 0;
  /// Gives the file [0, octets), which read as zeros, without writing them; synced. The first write to each block
  /// changes metadata, which costs little where a write has many blocks. Blocking. Errors: unavailable where the file
  /// system can't, no_space, io.
  virtual Result<void> reserve(std::uint64_t octets) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::shared_ptr<SpoolFile>> open(const std::string& path, bool create) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual Result<void> make_directories(const std::string& directory) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& directory) = 0;
  virtual Result<std::uint64_t> free_octets(const std::string& directory) = 0;
};

/// The kernel's. One for the process.
FileSystem& real_file_system() noexcept;

}  // namespace ringpost::queue
