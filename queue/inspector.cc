#include "queue/inspector.h"

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "queue/explain_record.h"
#include "queue/indexer.h"
#include "queue/lift_marks.h"
#include "queue/scheduler_impl.h"
#include "queue/shard_impl.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration wait_max = std::chrono::seconds(10);
constexpr std::size_t targets_per_round = 500;
constexpr std::size_t summary_entries_max = 1'000'000;
constexpr std::size_t read_octets = 256 << 10;

/// A message an operator's command is about.
struct Target {
  MessageId id;
  std::uint16_t lane = 0;
  std::vector<std::string> destinations;  // of its queued recipients, each once
};

/// Tells the windows of a core what was changed in RocksDB. Deletes itself.
class Command final : public ShardParcel {
 public:
  Command(IndexItem::Kind kind, WallTime now, std::vector<Target> targets)
      : kind_(kind), now_(now), targets_(std::move(targets)) {}
  std::future<void> done() { return done_.get_future(); }

  void deliver() noexcept override {
    for (const Target& target : targets_)
      if (!shard->closing) act(target);
    done_.set_value();
    delete this;
  }

 private:
  void act(const Target& target) {
    if (kind_ == IndexItem::Kind::drop) return shard->forget(target.id, target.destinations);
    for (const std::string& destination : target.destinations)
      shard->retry(destination, target.lane, {now_, target.id});
  }

  const IndexItem::Kind kind_;
  const WallTime now_;
  const std::vector<Target> targets_;
  std::promise<void> done_;
};

bool matches(const Selector& selector, const MessageRecord& record, WallTime now) {
  const mail::Envelope& envelope = record.message.envelope;
  if (!selects_message(selector, record.message)) return false;
  if (selector.older_than && now - envelope.received < *selector.older_than) return false;
  if (selector.state) {
    const bool deferred = is_deferred(record.recipients);
    if (*selector.state != (deferred ? "deferred" : "active")) return false;
  }
  if (!selector.recipient && !selector.destination && !selector.route) return true;
  for (std::size_t i = 0; i < record.recipients.size(); ++i) {
    const RecipientState& state = record.recipients[i];
    if (state.phase != RecipientPhase::queued) continue;
    if (selects_recipient(selector, envelope.recipients[i].address, state.destination)) return true;
  }
  return false;
}

Target target_of(const MessageRecord& record) {
  Target target{record.message.id, record.message.lane, {}};
  std::set<std::string> names;
  for (const RecipientState& state : record.recipients)
    if (state.phase == RecipientPhase::queued) names.insert(state.destination);
  target.destinations.assign(names.begin(), names.end());
  return target;
}

class QueueInspector final : public Inspector {
 public:
  explicit QueueInspector(Shared& shared) : shared_(shared) {}

  Result<std::vector<DestinationSummary>> summary(std::size_t destinations_max) override {
    catch_up();
    std::map<std::string, DestinationSummary> all;
    std::size_t entries = 0;
    auto scanned = shared_.store->each_due([&](const DueKey& key, const DueValue& due) {
      if (key.destination == deadlines) return true;
      auto [place, fresh] = all.try_emplace(key.destination);
      DestinationSummary& sum = place->second;
      const WallTime received = key.position.id.time();
      ++sum.messages;
      sum.deferred += due.deferred ? 1 : 0;
      sum.oldest = fresh ? received : std::min(sum.oldest, received);
      sum.next_due = fresh ? key.position.due : std::min(sum.next_due, key.position.due);
      return ++entries < summary_entries_max;
    });
    if (!scanned) return propagate(scanned);
    std::vector<DestinationSummary> summaries;
    for (auto& [name, sum] : all) {
      sum.destination = name;
      summaries.push_back(std::move(sum));
    }
    std::ranges::stable_sort(summaries, [](const auto& a, const auto& b) { return a.messages > b.messages; });
    summaries.resize(std::min(summaries.size(), destinations_max));
    for (DestinationSummary& sum : summaries) sum.postponed_why = shared_.postponed(sum.destination).why;
    return summaries;
  }

  Result<void> list(const Selector& selector, const std::function<bool(const MessageRecord&)>& visit) override {
    catch_up();
    const WallTime now = WallTime::now();
    if (!selector.ids.empty()) return list_ids(selector, visit, now);
    return shared_.store->each_message(
        {}, [&](const MessageRecord& record) { return !matches(selector, record, now) || visit(record); });
  }

  Result<MessageRecord> show(MessageId id) override {
    catch_up();
    auto found = shared_.store->find(id);
    if (!found) return propagate(found);
    if (!*found) return fail(ErrorKind::not_found, "no message " + id.text() + " in the queue");
    return std::move(**found);
  }

  Result<void> body(MessageId id, const std::function<bool(std::string_view)>& write) override {
    auto record = show(id);
    if (!record) return propagate(record);
    if (!record->message.prefix.empty() && !write(record->message.prefix)) return {};
    std::string octets(read_octets, '\0');
    for (const Extent& extent : record->message.body) {
      auto segment = shared_.segments->open_pinned({extent.log, extent.segment});
      if (!segment) return propagate(segment);
      auto sent = send_extent(*segment->file, extent, octets, write);
      shared_.segments->unpin(segment->key);
      if (!sent) return propagate(sent);
      if (!*sent) return {};
    }
    return {};
  }

  Result<std::uint64_t> retry(const Selector& selector) override {
    return command(selector, IndexItem::Kind::retry_now, "retry");
  }
  Result<std::uint64_t> drop(const Selector& selector) override {
    return command(selector, IndexItem::Kind::drop, "drop");
  }

  Result<Mark> mark(Mark wanted) override {
    if (wanted.kind == MarkKind::retry) catch_up();  // its one pass is to see what was deferred a moment ago
    auto added = shared_.steering->add(std::move(wanted));
    if (!added) return propagate(added);
    log_mark(*added, to_string(added->kind));
    auto told = shared_.tell_marks(wait_max);
    if (!told) return propagate(told);
    return added;
  }
  Result<std::vector<Mark>> lift(MarkKind kind, const Selector& selector,
                                 const std::vector<std::uint64_t>& ids) override {
    auto lifted = lift_marks(*shared_.steering, kind, selector, ids);
    if (!lifted) return propagate(lifted);
    for (const Mark& each : *lifted) log_mark(each, kind == MarkKind::suspend ? "resume" : "release");
    auto told = shared_.tell_marks(wait_max);
    if (!told) return propagate(told);
    return lifted;
  }
  std::vector<Mark> marks() override { return shared_.steering->current().get()->all; }
  Result<std::vector<Explanation>> explain(MessageId id) override {
    auto record = show(id);
    if (!record) return propagate(record);
    return explain_record(shared_, *record, wait_max);
  }

 private:
  static void log_mark(const Mark& mark, std::string_view verb) {
    telemetry::Event(telemetry::EventKind::queue)
        .field("command", verb)
        .field("count", mark.id)
        .field("detail", to_string(mark.selector))
        .field("reason", mark.reason)
        .emit();
  }
  // What was accepted before is to be seen. If RocksDB cannot write, what it has is still worth showing.
  void catch_up() { [[maybe_unused]] const auto flushed = shared_.indexer->flush(false, wait_max); }

  Result<void> list_ids(const Selector& selector, const std::function<bool(const MessageRecord&)>& visit,
                        WallTime now) {
    const std::set<MessageId> ids(selector.ids.begin(), selector.ids.end());
    for (const MessageId& id : ids) {
      auto found = shared_.store->find(id);
      if (!found) return propagate(found);
      if (*found && matches(selector, **found, now) && !visit(**found)) break;
    }
    return {};
  }

  static Result<bool> send_extent(SpoolFile& file, const Extent& extent, std::string& octets,
                                  const std::function<bool(std::string_view)>& write) {
    for (std::uint64_t done = 0; done < extent.octets;) {
      const std::size_t wanted = std::min<std::uint64_t>(octets.size(), extent.octets - done);
      auto read = file.read_now(std::span(octets.data(), wanted), extent.offset + done);
      if (!read) return propagate(read);
      if (*read == 0) return fail(ErrorKind::corrupt, "a spool file is shorter than the message in it");
      if (!write(std::string_view(octets.data(), *read))) return false;
      done += *read;
    }
    return true;
  }

  Result<std::uint64_t> command(const Selector& selector, IndexItem::Kind kind, std::string_view verb) {
    const WallTime now = WallTime::now();
    std::map<std::uint16_t, std::vector<Target>> by_worker;
    std::uint64_t messages = 0;
    Result<void> done;
    auto listed = list(selector, [&](const MessageRecord& record) {
      const auto worker = static_cast<std::uint16_t>(record.message.lane % shared_.options.workers);
      by_worker[worker].push_back(target_of(record));
      ++messages;
      telemetry::Event(kind == IndexItem::Kind::drop ? telemetry::EventKind::drop : telemetry::EventKind::queue)
          .message(record.message.id)
          .field("command", verb)
          .emit();
      if (by_worker[worker].size() >= targets_per_round) done = act(worker, kind, now, std::move(by_worker[worker]));
      return done.has_value();
    });
    if (!listed) return propagate(listed);
    for (auto& [worker, targets] : by_worker)
      if (done && !targets.empty()) done = act(worker, kind, now, std::move(targets));
    if (!done) return propagate(done);
    auto flushed = shared_.indexer->flush(true, wait_max);
    if (!flushed) return propagate(flushed);
    return messages;
  }

  // First RocksDB, then the windows: a scan that begins after the windows were told sees the change.
  Result<void> act(std::uint16_t worker, IndexItem::Kind kind, WallTime now, std::vector<Target> targets) {
    for (const Target& target : targets) {
      auto item = std::make_unique<IndexItem>();
      item->kind = kind;
      item->outcome.message = target.id;
      item->outcome.items.emplace_back();
      item->outcome.items.front().due = now;
      shared_.indexer->hand_in(std::move(item));
    }
    auto flushed = shared_.indexer->flush(false, wait_max);
    if (!flushed) return flushed;
    auto* command = new Command(kind, now, std::exchange(targets, {}));
    auto done = command->done();
    if (!shared_.post(worker, *command)) {
      delete command;  // no shard, no windows
      return {};
    }
    if (done.wait_for(wait_max) != std::future_status::ready)
      return fail(ErrorKind::unavailable, "worker " + std::to_string(worker) + " did not answer in time");
    return {};
  }

  Shared& shared_;
};

}  // namespace

std::unique_ptr<Inspector> make_inspector(Shared& shared) {
  return std::make_unique<QueueInspector>(shared);
}

}  // namespace ringpost::queue
