// How a log gets over a failure: who was in the group, or waits, is refused; a new segment is begun, at once and then
// every second; and a record written to it that cancels what may still be readable proves that the disk takes writes
// again.
#include <algorithm>
#include <string>
#include <utility>

#include "base/crc32c.h"
#include "queue/group_commit.h"
#include "telemetry/log.h"

namespace ringpost::queue {

namespace {

// After a failure: at once, then every second; every half minute where each try uses up a segment.
constexpr Duration retry_wait_first = std::chrono::seconds(1);
constexpr Duration retry_wait_max = std::chrono::seconds(30);

void report(const Error& error, std::uint16_t log) {
  telemetry::Event(telemetry::EventKind::error)
      .field("operation", "spool log")
      .field("worker", log)
      .error(error)
      .emit();
}

}  // namespace

void GroupCommit::group_failed(const Error& error) {
  octets_waiting_ -= group_octets_;
  while (!group_.empty()) {
    LogEntry& entry = group_.pop_front();
    if (entry.item != nullptr && entry.item->kind == IndexItem::Kind::accept) {
      cancelled_.push_back(entry.item->message->id);
    }
    refuse(entry, error);
  }
  segment_lost(error);
}

void GroupCommit::refuse(LogEntry& entry, const Error& error) {
  entry.error = error;
  if (entry.item != nullptr && entry.item->kind != IndexItem::Kind::accept) {
    entry.item->log = log_;
    entry.item->end = {};
    sink_.hand_in(std::move(entry.item));
  }
  entry.item.reset();
  reactor_.make_ready(entry);
}

void GroupCommit::refuse_waiting(const Error& error) {
  while (!waiting_.empty()) {
    LogEntry& entry = waiting_.pop_front();
    octets_waiting_ -= entry.octets();
    refuse(entry, error);
  }
}

// The first try to go on is made at once, and who waits may still be served by it.
void GroupCommit::segment_lost(const Error& error) {
  report(error, log_);
  ++failures_;
  drop_segment();
  error_ = error;
  retry_due_ = true;
  retry_wait_ = retry_wait_first;
}

void GroupCommit::broken(const Error& error) {
  if (!error_) report(error, log_);
  error_ = error;
  retry_due_ = false;
  reactor_.timers().arm(retry_timer_, monotonic_now() + std::max(retry_wait_, retry_wait_first));
  refuse_waiting(*error_);
}

io::Task<> GroupCommit::renew() {
  retry_due_ = false;
  auto segment = co_await segments_.begin_soon(log_, reactor_);
  if (!segment) {
    retry_wait_ = retry_wait_first;
    broken(segment.error());
    co_return;
  }
  take(std::move(*segment));
  if (!error_) co_return;
  auto written = co_await write_cancelled();
  if (!written) {
    ++failures_;
    drop_segment();
    retry_wait_ = std::min(retry_wait_ * 2, retry_wait_max);
    broken(written.error());
    co_return;
  }
  cancelled_.clear();
  error_.reset();
  telemetry::Event(telemetry::EventKind::start).field("operation", "spool log").field("worker", log_).emit();
}

// Also the proof that the disk takes writes again; empty when there is nothing to cancel.
io::Task<Result<void>> GroupCommit::write_cancelled() {
  std::string record(record_header_octets, '\0');
  for (const MessageId& message : cancelled_) {
    const auto id = message.octets();
    record.append(id.data(), id.size());
  }
  const std::string_view payload = std::string_view(record).substr(record_header_octets);
  encode_record_header(RecordType::cancelled, static_cast<std::uint32_t>(payload.size()), crc32c(payload),
                       segment_->generation, record.data());
  const iovec vector{record.data(), record.size()};
  auto written = co_await segment_->file->write(reactor_, {&vector, 1}, offset_, io::Sync::data);
  if (written) {
    offset_ += static_cast<std::uint32_t>(record_octets(payload.size()));
    synced_ = offset_;
  }
  co_return written;
}

}  // namespace ringpost::queue
