#include "queue/recovery.h"

#include <algorithm>
#include <map>
#include <set>

#include "queue/log_replay.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

using Watermarks = std::map<std::uint16_t, LogPosition>;

class Recovery {
 public:
  Recovery(Store& store, SegmentTable& segments, Applier& applier, const Options& options,
           const DestinationOf& destination_of)
      : store_(store), segments_(segments), applier_(applier), options_(options), destination_of_(destination_of) {}

  Result<RecoveryReport> run() {
    const MonotonicTime start = monotonic_now();
    auto steps = {&Recovery::read_marks, &Recovery::look_for_missing, &Recovery::tell_segments,
                  &Recovery::replay_all, &Recovery::apply_all,        &Recovery::finish};
    for (const auto step : steps) {
      auto done = (this->*step)();
      if (!done) return propagate(done);
    }
    report_.took = monotonic_now() - start;
    return std::move(report_);
  }

 private:
  struct Found {
    std::uint16_t log = 0;
    LogPosition end;
    Message message;
  };

  Result<void> read_marks() {
    auto watermarks = store_.watermarks();
    if (!watermarks) return propagate(watermarks);
    watermarks_ = Watermarks(watermarks->begin(), watermarks->end());
    auto live = store_.live_segments();
    if (!live) return propagate(live);
    live_ = std::move(*live);
    return {};
  }

  // A file is missing if octets in it are live, or if the watermark lies in it: it is recycled only when the watermark
  // has left it and nothing in it is live.
  Result<void> look_for_missing() {
    std::set<SegmentKey> missing;
    for (const auto& [key, octets] : live_)
      if (octets > 0 && !segments_.contains(key)) missing.insert(key);
    std::set<SegmentKey> unread;
    for (const auto& [log, position] : watermarks_)
      if (position.offset >= segment_header_octets && !segments_.contains({log, position.segment}))
        unread.insert({log, position.segment});
    if (missing.empty() && unread.empty()) return {};
    std::vector<MessageId> lost;
    auto listed = store_.each_message({}, [&](const MessageRecord& record) {
      if (std::ranges::any_of(record.message.body,
                              [&](const Extent& e) { return missing.contains({e.log, e.segment}); }))
        lost.push_back(record.message.id);
      return true;
    });
    if (!listed) return propagate(listed);
    if (!options_.accept_data_loss) return fail(ErrorKind::refused, describe(missing, unread, lost.size()));
    for (const MessageId& id : lost) {
      auto item = std::make_unique<IndexItem>();
      item->kind = IndexItem::Kind::drop;
      item->outcome.message = id;
      applier_.take(std::move(item), monotonic_now());
      telemetry::Event(telemetry::EventKind::drop).message(id).field("reason", "its segment file is missing").emit();
    }
    return {};
  }

  static std::string describe(const std::set<SegmentKey>& missing, const std::set<SegmentKey>& unread,
                              std::size_t lost) {
    std::string text = "files of the spool are missing or unreadable:";
    std::set<SegmentKey> all = missing;
    all.insert(unread.begin(), unread.end());
    for (const SegmentKey& key : all)
      text += " log " + std::to_string(key.log) + " segment " + std::to_string(key.sequence) + ",";
    text += " " + std::to_string(lost) + " queued messages would be lost";
    if (!unread.empty()) text += ", and what was accepted last in these logs";
    return text + "; restore the files, or start with accept_data_loss";
  }

  Result<void> tell_segments() {
    for (const auto& [key, octets] : live_)
      if (octets > 0) segments_.add_live(key, octets);
    for (const auto& [log, position] : watermarks_) segments_.set_synced_watermark(log, position);
    return {};
  }

  Result<void> replay_all() {
    for (const std::uint16_t log : segments_.logs()) {
      const LogPosition mark = watermarks_.contains(log) ? watermarks_[log] : LogPosition{};
      // From the beginning of the watermark's segment: attempts that began there may not have ended.
      const LogPosition from{mark.segment, 0};
      auto replayed = replay_log(segments_, log, from, [&](const ReplayedRecord& r) { return visit(r, mark); });
      if (replayed) continue;
      if (!options_.accept_data_loss) {
        const std::string why = replayed.error().reason + "; restore the file, or start with accept_data_loss";
        return fail(ErrorKind::refused, "log " + std::to_string(log) + " cannot be read to its end: " + why);
      }
      telemetry::Event(telemetry::EventKind::error).field("operation", "replay").error(replayed.error()).emit();
    }
    return {};
  }

  Result<void> visit(const ReplayedRecord& record, LogPosition mark) {
    const bool applied = record.end <= mark;
    switch (record.type) {
      case RecordType::chunk:
        return {};
      case RecordType::accept: {
        if (applied) return {};
        auto message = decode_accept(record);
        if (!message) return propagate(message);
        accepts_.push_back({record.log, record.end, std::move(*message)});
        return {};
      }
      case RecordType::attempt_begun: {
        auto begun = decode_attempt_begun(record.payload);
        if (!begun) return propagate(begun);
        begun_.insert(begun->message);
        return {};
      }
      case RecordType::attempt_ended: {
        auto outcome = decode_outcome(record.payload);
        if (!outcome) return propagate(outcome);
        begun_.erase(outcome->message);
        if (!applied) outcomes_.emplace_back(record.log, record.end, std::move(*outcome));
        return {};
      }
      case RecordType::cancelled: {
        auto ids = decode_cancelled(record.payload);
        if (!ids) return propagate(ids);
        cancelled_.insert(ids->begin(), ids->end());
        return {};
      }
    }
    return {};
  }

  Result<void> apply_all() {
    const MonotonicTime now = monotonic_now();
    for (Found& found : accepts_) {
      if (cancelled_.contains(found.message.id)) continue;
      auto known = applier_.knows(found.message.id);
      if (!known) return propagate(known);
      if (*known) continue;
      auto item = std::make_unique<IndexItem>();
      item->kind = IndexItem::Kind::accept;
      item->log = found.log;
      item->end = found.end;
      const mail::Envelope& envelope = found.message.envelope;
      for (const mail::Recipient& recipient : envelope.recipients)
        item->destinations.push_back(destination_of_(envelope, recipient));
      item->message = std::make_shared<const Message>(std::move(found.message));
      applier_.take(std::move(item), now);
      ++report_.accepts_replayed;
    }
    for (auto& [log, end, outcome] : outcomes_) {
      auto item = std::make_unique<IndexItem>();
      item->kind = IndexItem::Kind::outcome;
      item->log = log;
      item->end = end;
      item->outcome = std::move(outcome);
      applier_.take(std::move(item), now);
      ++report_.outcomes_replayed;
    }
    auto applied = applier_.apply(MonotonicTime::max(), SIZE_MAX);
    if (!applied) return propagate(applied);
    return {};
  }

  Result<void> finish() {
    std::vector<std::pair<std::uint16_t, LogPosition>> ends;
    for (const std::uint16_t log : segments_.logs()) {
      const auto all = segments_.segments_of(log);
      if (all.empty()) continue;
      const LogPosition behind{all.back().key.sequence + 1, 0};
      if (!watermarks_.contains(log) || watermarks_[log] < behind) ends.emplace_back(log, behind);
    }
    auto marked = applier_.set_watermarks(ends);
    if (!marked) return propagate(marked);
    auto forgotten = forget_dead_segments();
    if (!forgotten) return propagate(forgotten);
    for (const MessageId& id : begun_) {
      auto known = applier_.knows(id);
      if (!known) return propagate(known);
      if (*known) report_.in_doubt.push_back(id);
    }
    return applier_.sync();
  }

  // Counts of segments that were recycled stay behind as zeros.
  Result<void> forget_dead_segments() {
    Batch batch(store_);
    for (const auto& [key, octets] : live_)
      if (octets == 0 && !segments_.contains(key)) batch.forget_segment(key);
    if (batch.empty()) return {};
    return store_.apply(batch);
  }

  Store& store_;
  SegmentTable& segments_;
  Applier& applier_;
  const Options& options_;
  const DestinationOf& destination_of_;
  Watermarks watermarks_;
  std::vector<std::pair<SegmentKey, std::int64_t>> live_;
  std::vector<Found> accepts_;
  std::vector<std::tuple<std::uint16_t, LogPosition, Outcome>> outcomes_;
  std::set<MessageId> cancelled_;
  std::set<MessageId> begun_;
  RecoveryReport report_;
};

}  // namespace

Result<RecoveryReport> recover(Store& store, SegmentTable& segments, Applier& applier, const Options& options,
                               const DestinationOf& destination_of) {
  return Recovery(store, segments, applier, options, destination_of).run();
}

}  // namespace ringpost::queue
