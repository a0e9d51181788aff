// Where segments come from: a recycled file gets a new header, or a file is created and filled with zeros, or only
// reserved for a log of large records. Done ahead of need by the helper thread; the writer of a log waits only when it
// fills segments faster than the disk takes zeros.
#include <fmt/format.h>

#include <algorithm>

#include "queue/segment_table_impl.h"

namespace ringpost::queue {

namespace {

constexpr Duration retry_wait = std::chrono::seconds(1);
constexpr Duration disk_look_wait = std::chrono::seconds(1);
// Spare files beyond these are removed, for others may want the disk: one in 64 a second, so that a load which frees
// files in bursts finds them again, and what an hour's backlog left is gone in some minutes.
constexpr std::size_t spare_files = 8;
constexpr std::size_t spare_files_per_log = 2;
constexpr std::size_t trim_divisor = 64;

constexpr PublicStatus insufficient_storage{452, {4, 3, 1}};

}  // namespace

Result<OpenSegment> SegmentTable::begin(std::uint16_t number) {
  Impl::Lock lock(impl_->mutex);
  Impl::Log& log = impl_->logs[number];
  impl_->start_recycling();
  impl_->changed.wait(lock, [&log] { return !log.making; });
  if (!log.prepared) {
    auto made = impl_->make(lock, number);
    if (!made) return propagate(made);
  }
  return impl_->take_prepared(log);
}

io::Task<Result<OpenSegment>> SegmentTable::begin_soon(std::uint16_t number, io::Reactor& reactor) {
  struct Wait {
    Impl& table;
    Impl::Log& log;
    SegmentRequest& request;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) const {
      {
        const std::lock_guard lock(table.mutex);
        if (log.prepared) {
          request.result.emplace(table.take_prepared(log));
          return false;
        }
        request.waiting = awaiting;
        log.requests.push_back(&request);
      }
      table.changed.notify_all();
      return true;
    }
    void await_resume() const noexcept {}
  };
  Impl::Log* log = nullptr;
  {
    const std::lock_guard lock(impl_->mutex);
    RINGPOST_ASSERT(impl_->helper.joinable());
    log = &impl_->logs[number];  // its address stays
  }
  SegmentRequest request(reactor);
  co_await Wait{*impl_, *log, request};
  co_return std::move(*request.result);
}

OpenSegment SegmentTable::Impl::take_prepared(Log& log) {
  OpenSegment segment = std::move(*log.prepared);
  log.prepared.reset();
  log.active = true;
  changed.notify_all();
  return segment;
}

Result<void> SegmentTable::Impl::make(Lock& lock, std::uint16_t number) {
  Log& log = logs[number];
  log.making = true;
  OpenSegment made{.key = {number, log.next_sequence}, .generation = next_generation++, .octets = 0, .file = nullptr};
  auto file = take_file(lock, log.large_records);
  Result<void> done;
  if (!file) {
    done = propagate(file);
  } else {
    lock.unlock();
    made.file = file->open != nullptr ? file->open : file->used.lock();
    if (made.file == nullptr) {
      auto opened = files.open(path_of(file->name), false);
      if (opened)
        made.file = std::move(*opened);
      else
        done = propagate(opened);
    }
    made.octets = file->octets;
    const std::string header =
        encode_segment_header({.log = number, .sequence = made.key.sequence, .generation = made.generation});
    if (done) done = made.file->write_now(header, 0);
    if (done) done = made.file->sync_now();
    // What the failed header left on the disk is nobody's business: the file is not used again.
    if (!done) static_cast<void>(files.remove(path_of(file->name)));
    lock.lock();
  }
  log.making = false;
  changed.notify_all();
  if (!done) {
    if (file) forget(*file);
    log.retry_at = monotonic_now() + retry_wait;
    return done;
  }
  ++log.next_sequence;
  Segment& segment = segments[made.key];
  segment.file = std::move(*file);
  segment.generation = made.generation;
  segment.pins = 1;  // the log's own
  keep_open(segment.file, made.file);
  log.prepared = std::move(made);
  return {};
}

Result<SegmentTable::Impl::File> SegmentTable::Impl::take_file(Lock& lock, bool large_records) {
  const auto usable = std::ranges::find_if(free, [this](const File& file) { return file.octets == segment_octets; });
  if (usable != free.end()) {
    File file = std::move(*usable);
    free.erase(usable);
    return file;
  }
  const std::string name = fmt::format("{:08}.spool", next_file++);
  lock.unlock();
  std::shared_ptr<SpoolFile> open;
  auto created = create_file(name, large_records, open);
  // Half a file is of no use, and on a full disk its blocks are needed.
  if (!created && open != nullptr) static_cast<void>(files.remove(path_of(name)));
  lock.lock();
  if (created) created->used = open;
  if (created) keep_open(*created, std::move(open));
  return created;
}

Result<SegmentTable::Impl::File> SegmentTable::Impl::create_file(const std::string& name, bool large_records,
                                                                 std::shared_ptr<SpoolFile>& open) {
  auto room = files.free_octets(directory);
  if (!room) return propagate(room);
  disk_free.store(*room, std::memory_order_relaxed);
  if (*room < min_free_disk + segment_octets) {
    return fail(ErrorKind::no_space, "no room for another spool segment in " + directory, insufficient_storage);
  }
  auto opened = files.open(path_of(name), true);
  if (!opened) return propagate(opened);
  open = std::move(*opened);
  // Zeros double what goes to the disk, and it is logs of large records that fill segments faster than it takes zeros.
  auto done = large_records ? open->reserve(segment_octets) : open->fill_with_zeros(segment_octets);
  if (!done && done.error().kind == ErrorKind::unavailable) done = open->fill_with_zeros(segment_octets);
  if (done) done = files.sync_directory(directory);
  if (!done) return propagate(done);
  return File{name, segment_octets, nullptr, open};
}

void SegmentTable::Impl::serve() {
  Lock lock(mutex);
  while (!closing) {
    if (make_what_is_wanted(lock)) continue;
    if (look_at_disk(lock)) trim(lock);
    if (closing) break;
    changed.wait_for(lock, disk_look_wait);
  }
  const Result<void> closed = fail(ErrorKind::unavailable, "the segment table is closing");
  for (auto& [number, log] : logs) answer(log, closed);
}

bool SegmentTable::Impl::make_what_is_wanted(Lock& lock) {
  // Who waits comes before who may wait later.
  for (const bool asked : {true, false}) {
    for (auto& [number, log] : logs) {
      if (log.making || (asked ? log.requests.empty() : !log.active || log.prepared || log.retry_at > monotonic_now()))
        continue;
      Result<void> made;
      if (!log.prepared) made = make(lock, number);
      answer(log, made);
      return true;
    }
  }
  return false;
}

void SegmentTable::Impl::answer(Log& log, const Result<void>& made) {
  while (!log.requests.empty() && (log.prepared || !made)) {
    SegmentRequest& request = *log.requests.front();
    log.requests.pop_front();
    if (made)
      request.result.emplace(take_prepared(log));
    else
      request.result.emplace(std::unexpected(made.error()));
    request.reactor.post(request);
  }
}

// Once a second; false in between.
bool SegmentTable::Impl::look_at_disk(Lock& lock) {
  const MonotonicTime now = monotonic_now();
  if (disk_asked != MonotonicTime{} && now - disk_asked < disk_look_wait) return false;
  disk_asked = now;
  lock.unlock();
  const auto room = files.free_octets(directory);
  if (room) disk_free.store(*room, std::memory_order_relaxed);
  lock.lock();
  return true;
}

void SegmentTable::Impl::trim(Lock& lock) {
  const bool low = disk_free.load(std::memory_order_relaxed) < min_free_disk;
  std::size_t keep = logs.size() * spare_files_per_log + (low ? 0 : spare_files);
  if (!low && free.size() > keep) keep = free.size() - (free.size() - keep + trim_divisor - 1) / trim_divisor;
  std::vector<std::string> surplus;
  std::erase_if(free, [&](File& file) {
    if (file.octets == segment_octets && free.size() - surplus.size() <= keep) return false;
    surplus.push_back(file.name);
    forget(file);
    return true;
  });
  if (surplus.empty()) return;
  lock.unlock();
  for (const std::string& name : surplus) static_cast<void>(files.remove(path_of(name)));
  lock.lock();
}

}  // namespace ringpost::queue
