#include "queue/faulty_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

namespace ringpost::test {

namespace {

struct Write {
  std::uint64_t offset = 0;
  std::string octets;
};

void apply(std::string& to, std::uint64_t offset, std::string_view octets) {
  if (to.size() < offset + octets.size()) to.resize(offset + octets.size());
  std::memcpy(to.data() + offset, octets.data(), octets.size());
}

constexpr std::uint64_t sector_octets = 512;

// Some sectors of a write arrive and others do not.
void apply_torn(std::string& to, const Write& write, std::mt19937_64& random) {
  const std::uint64_t end = write.offset + write.octets.size();
  for (std::uint64_t at = write.offset; at < end;) {
    const std::uint64_t sector_end = std::min(end, (at / sector_octets + 1) * sector_octets);
    if (random() % 2 == 0) apply(to, at, std::string_view(write.octets).substr(at - write.offset, sector_end - at));
    at = sector_end;
  }
}

class Yield final : public io::Runnable {
 public:
  explicit Yield(io::Reactor& reactor) noexcept : reactor_(reactor) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiting_ = awaiting;
    reactor_.make_ready(*this);
  }
  void await_resume() const noexcept {}
  void run() noexcept override { waiting_.resume(); }

 private:
  io::Reactor& reactor_;
  std::coroutine_handle<> waiting_;
};

}  // namespace

struct FaultyFileSystem::State {
  struct Inode {
    std::string cache;            // what a reader sees
    std::string disk;             // what is durable
    std::vector<Write> unsynced;  // in order
    bool named = false;           // its name is durable
  };
  struct Fault {
    std::uint64_t at = 0;  // 0: none
    int error_number = 0;
    bool from_then_on = false;
    bool power = false;
  };

  /// The error of this operation, 0 for none. With the lock held.
  int count(Who who) {
    const auto index = static_cast<std::size_t>(who);
    const std::uint64_t number = ++operations[index];
    if (dark) return EIO;
    const Fault& fault = faults[index];
    if (fault.at == 0 || number < fault.at || (number > fault.at && !fault.from_then_on)) return 0;
    if (fault.power) dark = true;
    return fault.error_number;
  }
  /// The error of a write of `octets`, which lands in the cache unless it fails. A write hit by a power cut may land.
  int write(Inode& inode, std::uint64_t offset, std::string octets, Who who) {
    const bool was_dark = dark;
    const int error = count(who);
    if (error != 0 && (was_dark || !dark)) return error;
    apply(inode.cache, offset, octets);
    inode.unsynced.push_back({offset, std::move(octets)});
    return error;
  }
  int sync(Inode& inode, Who who) {
    const int error = count(who);
    if (error == 0) {
      for (const Write& write : inode.unsynced) apply(inode.disk, write.offset, write.octets);
    }
    if (!dark) inode.unsynced.clear();  // a failed sync forgets
    return error;
  }

  /// Only the last write.
  int sync_written(Inode& inode, Who who) {
    std::vector<Write> before = std::exchange(inode.unsynced, {});
    inode.unsynced.push_back(std::move(before.back()));
    before.pop_back();
    const int error = sync(inode, who);
    before.insert(before.end(), inode.unsynced.begin(), inode.unsynced.end());
    inode.unsynced = std::move(before);
    return error;
  }

  mutable std::mutex mutex;
  std::map<std::string, std::shared_ptr<Inode>> files;
  std::map<std::string, std::shared_ptr<Inode>> removed;  // and the directory not synced since
  std::array<std::uint64_t, 2> operations{};
  std::array<Fault, 2> faults{};
  bool dark = false;
  std::uint64_t life = 1;
  std::uint64_t cache_drops = 0;
  std::uint64_t files_reserved = 0;
  std::uint64_t capacity = 1ULL << 40;

  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const auto& [name, inode] : files) sum += inode->cache.size();
    return sum;
  }
};

class FaultyFileSystem::File final : public queue::SpoolFile {
 public:
  File(std::shared_ptr<State> state, std::shared_ptr<State::Inode> inode)
      : state_(std::move(state)), inode_(std::move(inode)), life_(state_->life) {}

  io::Task<Result<void>> write(io::Reactor& reactor, std::span<const iovec> octets, std::uint64_t offset,
                               io::Sync sync) override {
    co_await Yield(reactor);
    std::string all;
    for (const iovec& vector : octets) all.append(static_cast<const char*>(vector.iov_base), vector.iov_len);
    const std::lock_guard lock(state_->mutex);
    int error = 0;
    if (life_ != state_->life) error = EIO;
    if (error == 0 && !octets.empty()) error = state_->write(*inode_, offset, std::move(all), Who::log);
    if (error == 0 && sync == io::Sync::data) error = state_->sync(*inode_, Who::log);
    if (error == 0 && sync == io::Sync::written) error = state_->sync_written(*inode_, Who::log);
    if (error != 0) co_return fail_errno(error, "write");
    co_return Result<void>{};
  }

  io::Task<Result<std::size_t>> read(io::Reactor& reactor, std::span<char> into, std::uint64_t offset) override {
    co_await Yield(reactor);
    co_return read_now(into, offset);
  }
  io::Task<> drop_cached(io::Reactor& reactor) override {
    co_await Yield(reactor);
    const std::lock_guard lock(state_->mutex);
    ++state_->cache_drops;
  }

  Result<void> write_now(std::string_view octets, std::uint64_t offset) override {
    const std::lock_guard lock(state_->mutex);
    const int error = life_ != state_->life ? EIO : state_->write(*inode_, offset, std::string(octets), Who::maker);
    if (error != 0) return fail_errno(error, "write");
    return {};
  }
  Result<std::size_t> read_now(std::span<char> into, std::uint64_t offset) override {
    const std::lock_guard lock(state_->mutex);
    if (life_ != state_->life || state_->dark) return fail_errno(EIO, "read");
    if (offset >= inode_->cache.size()) return 0;
    const std::size_t count = std::min<std::size_t>(into.size(), inode_->cache.size() - offset);
    std::memcpy(into.data(), inode_->cache.data() + offset, count);
    return count;
  }
  Result<void> sync_now() override {
    const std::lock_guard lock(state_->mutex);
    const int error = life_ != state_->life ? EIO : state_->sync(*inode_, Who::maker);
    if (error != 0) return fail_errno(error, "fdatasync");
    return {};
  }
  Result<std::uint64_t> size_now() override {
    const std::lock_guard lock(state_->mutex);
    return inode_->cache.size();
  }
  Result<void> fill_with_zeros(std::uint64_t octets) override { return grow(octets); }
  Result<void> reserve(std::uint64_t octets) override {
    {
      const std::lock_guard lock(state_->mutex);
      ++state_->files_reserved;
    }
    return grow(octets);
  }

 private:
  Result<void> grow(std::uint64_t octets) {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->used() - inode_->cache.size() + octets > state_->capacity) return fail_errno(ENOSPC, "fallocate");
    }
    auto written = write_now(std::string(octets, '\0'), 0);
    if (!written) return written;
    return sync_now();
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<State::Inode> inode_;
  const std::uint64_t life_;
};

FaultyFileSystem::FaultyFileSystem() : state_(std::make_shared<State>()) {}
FaultyFileSystem::~FaultyFileSystem() = default;

std::uint64_t FaultyFileSystem::cache_drops() const {
  const std::lock_guard lock(state_->mutex);
  return state_->cache_drops;
}

std::uint64_t FaultyFileSystem::files_reserved() const {
  const std::lock_guard lock(state_->mutex);
  return state_->files_reserved;
}

Result<std::shared_ptr<queue::SpoolFile>> FaultyFileSystem::open(const std::string& path, bool create) {
  const std::lock_guard lock(state_->mutex);
  if (state_->dark) return fail_errno(EIO, "open " + path);
  auto& inode = state_->files[path];
  if (inode == nullptr && !create) {
    state_->files.erase(path);
    return fail_errno(ENOENT, "open " + path);
  }
  if (inode == nullptr) inode = std::make_shared<State::Inode>();
  return std::make_shared<File>(state_, inode);
}

Result<std::vector<std::string>> FaultyFileSystem::list(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> names;
  for (const auto& [path, inode] : state_->files) {
    if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

Result<void> FaultyFileSystem::make_directories(const std::string&) {
  return {};
}

Result<void> FaultyFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->files.find(path);
  if (at == state_->files.end() || state_->dark) return fail_errno(at == state_->files.end() ? ENOENT : EIO, path);
  if (at->second->named) state_->removed[path] = at->second;
  state_->files.erase(at);
  return {};
}

Result<void> FaultyFileSystem::sync_directory(const std::string&) {
  const std::lock_guard lock(state_->mutex);
  const int error = state_->count(Who::maker);
  if (error != 0) return fail_errno(error, "fsync");
  for (auto& [path, inode] : state_->files) inode->named = true;
  state_->removed.clear();
  return {};
}

Result<std::uint64_t> FaultyFileSystem::free_octets(const std::string&) {
  const std::lock_guard lock(state_->mutex);
  const std::uint64_t used = state_->used();
  return used >= state_->capacity ? 0 : state_->capacity - used;
}

void FaultyFileSystem::power_off_at(Who who, std::uint64_t n) {
  const std::lock_guard lock(state_->mutex);
  const auto index = static_cast<std::size_t>(who);
  state_->faults[index] = {state_->operations[index] + n, EIO, true, true};
}

void FaultyFileSystem::fail_at(Who who, std::uint64_t n, int error_number, bool from_then_on) {
  const std::lock_guard lock(state_->mutex);
  const auto index = static_cast<std::size_t>(who);
  state_->faults[index] = {state_->operations[index] + n, error_number, from_then_on, false};
}

void FaultyFileSystem::clear_faults() {
  const std::lock_guard lock(state_->mutex);
  state_->faults = {};
}

std::uint64_t FaultyFileSystem::operations(Who who) const {
  const std::lock_guard lock(state_->mutex);
  return state_->operations[static_cast<std::size_t>(who)];
}

void FaultyFileSystem::set_capacity(std::uint64_t octets) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = octets;
}

void FaultyFileSystem::crash(Survives survives, std::mt19937_64& random) {
  const std::lock_guard lock(state_->mutex);
  for (auto& [path, inode] : state_->removed) {
    if (!state_->files.contains(path) && random() % 2 == 0) state_->files[path] = inode;  // the removal was not durable
  }
  state_->removed.clear();
  std::erase_if(state_->files, [&](const auto& file) {
    return !file.second->named && survives != Survives::everything && random() % 2 == 0;
  });
  for (auto& [path, inode] : state_->files) {
    for (const Write& write : inode->unsynced) {
      if (survives == Survives::everything) apply(inode->disk, write.offset, write.octets);
      if (survives == Survives::any_subset && random() % 2 == 0) apply(inode->disk, write.offset, write.octets);
      if (survives == Survives::torn) apply_torn(inode->disk, write, random);
    }
    inode->unsynced.clear();
    inode->cache = inode->disk;
    inode->named = true;
  }
  state_->dark = false;
  state_->faults = {};
  ++state_->life;
}

void FaultyFileSystem::kill() {
  const std::lock_guard lock(state_->mutex);
  state_->dark = false;
  state_->faults = {};
  ++state_->life;
}

std::string FaultyFileSystem::read(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->files.find(path);
  return at == state_->files.end() ? std::string() : at->second->cache;
}

void FaultyFileSystem::overwrite(const std::string& path, std::uint64_t offset, std::string_view octets) {
  const std::lock_guard lock(state_->mutex);
  State::Inode& inode = *state_->files.at(path);
  apply(inode.cache, offset, octets);
  apply(inode.disk, offset, octets);
}

}  // namespace ringpost::test
