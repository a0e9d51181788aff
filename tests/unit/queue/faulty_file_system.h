// A disk in memory that loses what was not synced, for crash tests. Every write is volatile until its file is synced,
// every name until its directory is; crash() decides what of that survives. A sync that fails makes the kernel forget
// that the octets were dirty: a later sync of the same file succeeds, and they are gone after a crash all the same.
// Thread-safe, because segments are made by a helper thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "queue/file_system.h"

namespace ringpost::test {

enum class Survives { nothing, everything, any_subset, torn };

class FaultyFileSystem final : public queue::FileSystem {
 public:
  /// What is asked of the disk by the log (on a reactor) and by the making of segments (blocking) is counted apart, so
  /// that a test can name a moment exactly.
  enum class Who { log, maker };

  FaultyFileSystem();
  ~FaultyFileSystem();

  Result<std::shared_ptr<queue::SpoolFile>> open(const std::string& path, bool create) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> make_directories(const std::string& directory) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& directory) override;
  Result<std::uint64_t> free_octets(const std::string& directory) override;

  /// Operation number `n` from now (1: the next) and all after it fail: the power has gone. A write that is hit may
  /// have reached the disk in part.
  void power_off_at(Who who, std::uint64_t n);
  /// Only operation number `n` fails, or from it on all until clear_faults().
  void fail_at(Who who, std::uint64_t n, int error_number, bool from_then_on = false);
  void clear_faults();
  std::uint64_t operations(Who who) const;
  std::uint64_t cache_drops() const;
  /// Files that were reserved, not filled with zeros.
  std::uint64_t files_reserved() const;
  void set_capacity(std::uint64_t octets);

  /// The power comes back. Files opened before are dead: everything asked of them fails.
  void crash(Survives survives, std::mt19937_64& random);
  /// As after kill -9: nothing is lost but the process.
  void kill();

  std::string read(const std::string& path) const;
  void overwrite(const std::string& path, std::uint64_t offset, std::string_view octets);

 private:
  class File;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringpost::test
