// What marks do to the windows. What is covered is not kept anywhere: it stays where it lies in RocksDB, scans pass
// over it, and the head of its range moves on, so that it costs neither memory nor another look. When a mark is lifted
// the ranges that had such mail are looked through again from their beginning.
#include <algorithm>
#include <future>

#include "queue/scheduler_impl.h"

namespace ringpost::queue {
namespace {

// Whether something may be offered now that was not before.
bool opens_something(const Marks& before, const Marks& after) {
  const auto has = [](const Marks& marks, std::uint64_t id) {
    return std::ranges::any_of(marks.all, [id](const Mark& mark) { return mark.id == id; });
  };
  const auto stood_in_the_way = [](const Mark& mark) { return mark.kind != MarkKind::retry; };
  return std::ranges::any_of(before.all,
                             [&](const Mark& mark) { return stood_in_the_way(mark) && !has(after, mark.id); }) ||
         std::ranges::any_of(after.all,
                             [&](const Mark& mark) { return mark.kind == MarkKind::release && !has(before, mark.id); });
}

/// Lets a scheduler see the marks. Deletes itself.
class MarksChanged final : public ShardParcel {
 public:
  std::future<void> done() { return done_.get_future(); }
  void deliver() noexcept override {
    if (!shard->closing) shard->schedule_impl().see_marks();
    done_.set_value();
    delete this;
  }

 private:
  std::promise<void> done_;
};

}  // namespace

Result<void> Shared::tell_marks(Duration wait_max) {
  std::vector<std::future<void>> answers;
  for (std::uint16_t worker = 0; worker < options.workers; ++worker) {
    auto* parcel = new MarksChanged();
    answers.push_back(parcel->done());
    if (post(worker, *parcel)) continue;
    delete parcel;  // no shard, no windows
    answers.pop_back();
  }
  const auto until = std::chrono::steady_clock::now() + wait_max;
  for (auto& answer : answers)
    if (wait_max != Duration(0) && answer.wait_until(until) != std::future_status::ready)
      return fail(ErrorKind::unavailable, "a worker did not answer in time; the command is in force all the same");
  return {};
}

std::uint64_t Shared::oldest_lease() {
  const std::scoped_lock lock(mutex_);
  std::uint64_t oldest = UINT64_MAX;
  for (const auto& [worker, shard] : shards_) oldest = std::min(oldest, shard->oldest_lease.load());
  return oldest;
}

void Scheduler::Impl::see_marks() {
  const std::shared_ptr<const Marks>& now = marks_view_.get();
  if (now == marks_) return;
  const bool opened = opens_something(*marks_, *now);
  marks_ = now;
  for (auto& [name, destination] : destinations_) {
    destination->closed = marks_->closes(name);
    withhold_ready(*destination);
    if (opened && destination->withheld) readmit(*destination);
    if (wants_refill(*destination)) ask_refill(*destination);
  }
}

std::vector<std::uint32_t> Scheduler::Impl::withhold(Destination& destination, Ready& ready) {
  if (marks_->all.empty()) return {};
  std::vector<std::uint32_t> some = covered(*ready.message, destination.name, ready.recipients);
  if (some.empty()) return some;
  std::erase_if(ready.recipients,
                [&](std::uint32_t recipient) { return std::ranges::find(some, recipient) != some.end(); });
  destination.withheld = true;
  destination.range(ready.message->lane,
                    class_of(ready.message->envelope));  // to be looked through when it is readmitted
  return some;
}

void Scheduler::Impl::withhold_ready(Destination& destination) {
  if (destination.ready() == 0) return;
  for (auto* line : destination.all_lines()) {
    for (auto it = line->begin(); it != line->end();) {
      for (const std::uint32_t recipient : withhold(destination, *it))
        unhold(destination, {it->message->id, recipient});
      if (!it->recipients.empty()) {
        ++it;
        continue;
      }
      ready_weight_ -= it->weight;
      it = line->erase(it);
      --ready_total_;
    }
  }
  if (destination.ready() != 0) return;
  --with_ready_;
  destination.ready_hook.unlink();
}

// What was withheld lies anywhere in the range, and some of it may not have been applied yet.
void Scheduler::Impl::readmit(Destination& destination) {
  destination.withheld = false;
  for (LaneRange& range : destination.ranges) range.note(DuePosition::first(), shard_.last_handed_in(), true);
  set_alarm(destination);
}

std::vector<std::uint32_t> Scheduler::Impl::covered(const Message& message, const std::string& destination,
                                                    const std::vector<std::uint32_t>& recipients) {
  std::vector<std::uint32_t> some;
  for (const std::uint32_t recipient : recipients)
    if (marks_->gate(message, recipient, destination) != nullptr) some.push_back(recipient);
  return some;
}

bool Scheduler::Impl::drops(const Message& message, const std::string& destination,
                            const std::vector<std::uint32_t>& recipients) {
  see_marks();
  return std::ranges::any_of(recipients, [&](std::uint32_t recipient) {
    const Mark* gate = marks_->gate(message, recipient, destination);
    return gate != nullptr && gate->kind == MarkKind::drop;
  });
}

Whereabouts Scheduler::Impl::where(const MessageId& id, std::uint32_t recipient, const std::string& name) {
  using Place = Whereabouts::Place;
  Destination* destination = find(name);
  if (destination == nullptr) return {};
  std::uint64_t ahead = 0;
  for (const auto* line : destination->all_lines()) {
    for (const Ready& ready : *line) {
      if (ready.message->id == id && std::ranges::find(ready.recipients, recipient) != ready.recipients.end())
        return {Place::window, ahead};
      ++ahead;
    }
  }
  const auto held = held_.find({id, recipient});
  const bool leased = held != held_.end() && held->second == in_memory && leases_.contains(id);
  return {leased ? Place::lease : Place::disk, ahead};
}

}  // namespace ringpost::queue
