#include "queue/spool_log.h"

#include "queue/group_commit.h"

namespace ringpost::queue {

namespace {

// One record whose appender waits; lives in the appender's frame.
class Awaited final : public LogEntry {
 public:
  void run() noexcept override { waiting_.resume(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiting_ = awaiting;
    commit_->enqueue(*this);
  }
  void await_resume() const noexcept {}

  explicit Awaited(GroupCommit& commit) noexcept : commit_(&commit) {}

 private:
  GroupCommit* commit_;
  std::coroutine_handle<> waiting_;
};

class Unawaited final : public LogEntry {
 public:
  void run() noexcept override { delete this; }
};

template <class Payload>
io::Task<Result<Appended>> append_and_wait(GroupCommit& commit, RecordType type, Payload payload, bool sync,
                                           std::unique_ptr<IndexItem> item) {
  Awaited entry(commit);
  entry.records[0].set_payload(type, std::move(payload));
  entry.sync = sync;
  entry.item = std::move(item);
  co_await entry;
  if (entry.error) co_return std::unexpected(std::move(*entry.error));
  co_return entry.records[0].at;
}

}  // namespace

struct SpoolLog::Impl {
  GroupCommit commit;
};

SpoolLog::SpoolLog(std::uint16_t number, io::Reactor& reactor, SegmentTable& segments, const Options& options,
                   IndexSink& sink)
    : impl_(new Impl{GroupCommit(number, reactor, segments, options, sink)}) {}
SpoolLog::~SpoolLog() = default;

Result<void> SpoolLog::open() {
  return impl_->commit.open();
}
std::uint16_t SpoolLog::number() const noexcept {
  return impl_->commit.log();
}

io::Task<Result<Appended>> SpoolLog::append(RecordType type, std::string payload, bool sync,
                                            std::unique_ptr<IndexItem> item) {
  return append_and_wait(impl_->commit, type, std::move(payload), sync, std::move(item));
}

io::Task<Result<Appended>> SpoolLog::append(RecordType type, std::vector<io::Slice> payload, bool sync,
                                            std::unique_ptr<IndexItem> item) {
  return append_and_wait(impl_->commit, type, std::move(payload), sync, std::move(item));
}

void SpoolLog::append_unsynced(RecordType type, std::string payload, std::unique_ptr<IndexItem> item) {
  auto* entry = new Unawaited;  // run() deletes it
  entry->records[0].set_payload(type, std::move(payload));
  entry->item = std::move(item);
  impl_->commit.enqueue(*entry);
}

void SpoolLog::enqueue(LogEntry& entry) noexcept {
  impl_->commit.enqueue(entry);
}
std::uint64_t SpoolLog::octets_waiting() const noexcept {
  return impl_->commit.octets_waiting();
}
const Error* SpoolLog::unhealthy() const noexcept {
  return impl_->commit.unhealthy();
}
std::uint64_t SpoolLog::failures() const noexcept {
  return impl_->commit.failures();
}
io::Task<> SpoolLog::close() {
  return impl_->commit.close();
}

}  // namespace ringpost::queue
