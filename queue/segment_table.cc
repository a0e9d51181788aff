#include "queue/segment_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "queue/segment_table_impl.h"

namespace ringpost::queue {

namespace {

constexpr std::string_view file_suffix = ".spool";

std::optional<std::uint64_t> file_number(std::string_view name) {
  if (!name.ends_with(file_suffix)) return std::nullopt;
  return parse_unsigned(name.substr(0, name.size() - file_suffix.size()));
}

Error named(Error error, const std::string& path) {
  error.reason += " (" + path + ")";
  return error;
}

}  // namespace

SegmentTable::SegmentTable(FileSystem& files, std::string directory, std::uint64_t segment_octets,
                           std::uint64_t min_free_disk)
    : impl_(std::make_unique<Impl>(files, std::move(directory), segment_octets, min_free_disk)) {}

SegmentTable::~SegmentTable() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->changed.notify_all();
  if (impl_->helper.joinable()) impl_->helper.join();
}

Result<void> SegmentTable::scan() {
  Impl& table = *impl_;
  auto made = table.files.make_directories(table.directory);
  if (!made) return propagate(made);
  // The name of the directory must be as durable as what will lie in it.
  const auto slash = table.directory.find_last_of('/');
  auto synced =
      table.files.sync_directory(slash == std::string::npos || slash == 0 ? "/" : table.directory.substr(0, slash));
  if (!synced) return propagate(synced);
  auto names = table.files.list(table.directory);
  if (!names) return propagate(names);
  for (const std::string& name : *names) {
    const auto number = file_number(name);
    if (!number) continue;
    table.next_file = std::max(table.next_file, *number + 1);
    auto adopted = table.adopt(name);
    if (!adopted) return adopted;
  }
  Impl::Lock lock(table.mutex);
  table.look_at_disk(lock);
  if (!table.helper.joinable()) table.helper = std::thread([&table] { table.serve(); });
  return {};
}

Result<void> SegmentTable::Impl::adopt(const std::string& name) {
  const std::string path = path_of(name);
  auto opened = files.open(path, false);
  if (!opened) return std::unexpected(named(std::move(opened.error()), path));
  std::array<char, segment_header_octets> octets{};
  auto got = (*opened)->read_now(octets, 0);
  if (!got) return std::unexpected(named(std::move(got.error()), path));
  auto size = (*opened)->size_now();
  if (!size) return std::unexpected(named(std::move(size.error()), path));

  const auto header = decode_segment_header({octets.data(), *got});
  if (!header) {
    // Zeros: it was being created. Anything else may have been a segment once; nobody but an operator may judge it.
    if (std::ranges::all_of(octets, [](char c) { return c == 0; })) return files.remove(path);
    return {};
  }
  next_generation = std::max(next_generation, header->generation + 1);
  const std::lock_guard lock(mutex);
  Log& log = logs[header->log];
  log.next_sequence = std::max(log.next_sequence, header->sequence + 1);
  Segment& segment = segments[{header->log, header->sequence}];
  if (!segment.file.name.empty() && segment.generation > header->generation) {
    free.push_back({name, *size, nullptr, {}});  // was to become this segment, but its header could not be synced
    return {};
  }
  if (!segment.file.name.empty()) {
    forget(segment.file);
    free.push_back(std::move(segment.file));
  }
  segment.file = {name, *size, nullptr, {}};
  segment.generation = header->generation;
  keep_open(segment.file, std::move(*opened));
  return {};
}

void SegmentTable::Impl::keep_open(File& file, std::shared_ptr<SpoolFile> open) {
  file.used = open;
  if (file.open != nullptr || files_open >= files_open_max) return;
  file.open = std::move(open);
  ++files_open;
}

void SegmentTable::Impl::forget(File& file) noexcept {
  if (file.open != nullptr) --files_open;
  file.open = nullptr;
}

bool SegmentTable::Impl::is_spare(SegmentKey key, const Segment& segment) const {
  return segment.pins == 0 && segment.live <= 0 && key.sequence < logs.at(key.log).watermark.segment;
}

void SegmentTable::Impl::release(SegmentKey key) {
  const auto at = segments.find(key);
  if (!recycling || at == segments.end() || !is_spare(key, at->second)) return;
  free.push_back(std::move(at->second.file));
  segments.erase(at);
}

void SegmentTable::Impl::release_all(std::uint16_t log) {
  for (auto at = segments.lower_bound({log, 0}); at != segments.end() && at->first.log == log;) {
    const SegmentKey key = (at++)->first;
    release(key);
  }
}

void SegmentTable::Impl::start_recycling() {
  if (std::exchange(recycling, true)) return;
  for (const auto& [number, log] : logs) release_all(number);
}

std::vector<OpenSegment> SegmentTable::segments_of(std::uint16_t log) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<OpenSegment> found;
  for (auto at = impl_->segments.lower_bound({log, 0}); at != impl_->segments.end() && at->first.log == log; ++at) {
    const auto& [key, segment] = *at;
    std::shared_ptr<SpoolFile> file = segment.file.open;
    if (file == nullptr) file = segment.file.used.lock();
    if (file == nullptr) {
      auto opened = impl_->files.open(impl_->path_of(segment.file.name), false);
      if (opened) file = std::move(*opened);
    }
    found.push_back({key, segment.generation, segment.file.octets, std::move(file)});
  }
  return found;
}

bool SegmentTable::contains(SegmentKey key) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->segments.contains(key);
}

std::vector<std::uint16_t> SegmentTable::logs() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::uint16_t> numbers;
  for (const auto& [number, log] : impl_->logs) numbers.push_back(number);
  return numbers;
}

void SegmentTable::set_large_records(std::uint16_t number, bool large) {
  const std::lock_guard lock(impl_->mutex);
  impl_->logs[number].large_records = large;
}

void SegmentTable::pin(SegmentKey key) {
  const std::lock_guard lock(impl_->mutex);
  const auto at = impl_->segments.find(key);
  if (at != impl_->segments.end()) ++at->second.pins;
}

void SegmentTable::unpin(SegmentKey key) {
  const std::lock_guard lock(impl_->mutex);
  const auto at = impl_->segments.find(key);
  if (at == impl_->segments.end()) return;
  RINGPOST_ASSERT(at->second.pins > 0);
  --at->second.pins;
  impl_->release(key);
}

Result<OpenSegment> SegmentTable::open_pinned(SegmentKey key) {
  std::string path;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto at = impl_->segments.find(key);
    if (at == impl_->segments.end()) {
      return fail(ErrorKind::not_found,
                  "no segment " + std::to_string(key.sequence) + " of log " + std::to_string(key.log));
    }
    Impl::Segment& segment = at->second;
    ++segment.pins;
    auto file = segment.file.open != nullptr ? segment.file.open : segment.file.used.lock();
    if (file != nullptr) return OpenSegment{key, segment.generation, segment.file.octets, std::move(file)};
    path = impl_->path_of(segment.file.name);
  }
  auto opened = impl_->files.open(path, false);
  if (!opened) {
    unpin(key);
    return std::unexpected(named(std::move(opened.error()), path));
  }
  const std::lock_guard lock(impl_->mutex);
  Impl::Segment& segment = impl_->segments.at(key);  // it is pinned
  impl_->keep_open(segment.file, *opened);
  return OpenSegment{key, segment.generation, segment.file.octets, std::move(*opened)};
}

void SegmentTable::add_live(SegmentKey key, std::int64_t octets) {
  const std::lock_guard lock(impl_->mutex);
  const auto at = impl_->segments.find(key);
  if (at == impl_->segments.end()) return;  // a message whose body is gone is found when it is read
  at->second.live += octets;
  impl_->release(key);
}

void SegmentTable::set_synced_watermark(std::uint16_t number, LogPosition position) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Log& log = impl_->logs[number];
  // Offset 0 says that everything in front of the segment is applied, not that the segment was begun.
  log.next_sequence = std::max(log.next_sequence, position.segment + (position.offset == 0 ? 0 : 1));
  if (position <= log.watermark) return;
  const bool left_a_segment = position.segment != log.watermark.segment;
  log.watermark = position;
  if (left_a_segment) impl_->release_all(number);
}

SegmentTable::Totals SegmentTable::totals() const {
  const std::lock_guard lock(impl_->mutex);
  Totals totals;
  totals.segments = impl_->segments.size() + impl_->free.size();
  totals.free = impl_->free.size();
  for (const auto& [key, segment] : impl_->segments) {
    if (segment.live > 0) totals.live_octets += static_cast<std::uint64_t>(segment.live);
  }
  totals.disk_free_octets = impl_->disk_free.load(std::memory_order_relaxed);
  return totals;
}

bool SegmentTable::disk_low() const {
  return impl_->disk_free.load(std::memory_order_relaxed) < impl_->min_free_disk;
}

std::vector<SegmentKey> SegmentTable::sparse(double share_max) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::pair<std::uint64_t, SegmentKey>> found;
  for (const auto& [key, segment] : impl_->segments) {
    const auto limit = static_cast<double>(segment.file.octets) * share_max;
    const bool behind = key.sequence < impl_->logs.at(key.log).watermark.segment;
    if (behind && segment.pins == 0 && static_cast<double>(segment.live) < limit)
      found.emplace_back(segment.generation, key);
  }
  std::ranges::sort(found);  // generations ascend with age of the segment, across logs
  std::vector<SegmentKey> keys;
  for (const auto& [generation, key] : found) keys.push_back(key);
  return keys;
}

}  // namespace ringpost::queue
