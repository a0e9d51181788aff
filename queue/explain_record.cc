#include "queue/explain_record.h"

#include <algorithm>
#include <future>

#include "queue/scheduler_impl.h"
#include "queue/steering.h"

namespace ringpost::queue {
namespace {

struct Place {
  Whereabouts where;
  std::vector<Gate> limits;
};

/// Asks a scheduler where the recipients of a message are. Deletes itself.
class Question final : public ShardParcel {
 public:
  explicit Question(const MessageRecord& record) : record_(record) {}
  std::future<std::vector<Place>> answer() { return answer_.get_future(); }

  void deliver() noexcept override {
    std::vector<Place> places(record_.recipients.size());
    for (std::uint32_t i = 0; i < places.size() && !shard->closing; ++i) {
      const RecipientState& state = record_.recipients[i];
      if (state.phase != RecipientPhase::queued) continue;
      auto& scheduler = shard->schedule_impl();
      places[i] = {scheduler.where(record_.message.id, i, state.destination), scheduler.gates(state.destination)};
    }
    answer_.set_value(std::move(places));
    delete this;
  }

 private:
  const MessageRecord record_;  // a copy: who asked may have stopped waiting
  std::promise<std::vector<Place>> answer_;
};

Gate gate_of(const Mark& mark) {
  Gate gate;
  gate.kind = mark.kind == MarkKind::suspend   ? Gate::Kind::suspend
              : mark.kind == MarkKind::hold    ? Gate::Kind::hold
              : mark.kind == MarkKind::reroute ? Gate::Kind::reroute
                                               : Gate::Kind::drop;
  gate.why = to_string(mark.selector);
  if (!mark.to.empty()) gate.why += " goes to " + mark.to;
  if (!mark.reason.empty()) gate.why += ": " + mark.reason;
  if (!mark.by.empty()) gate.why += " (" + mark.by + ")";
  gate.since = mark.created;
  gate.until = mark.until;
  gate.mark = mark.id;
  return gate;
}

std::string last_reply(const RecipientState& state) {
  std::string text = "attempt " + std::to_string(state.attempts) + " failed: " + state.last_diagnostic;
  if (!state.last_remote.empty()) text += " (" + state.last_remote + ")";
  return text;
}

Gate gate_of(const Whereabouts& place, const std::string& destination) {
  Gate gate;
  gate.ahead = place.ahead;
  if (place.place == Whereabouts::Place::lease) {
    gate.kind = Gate::Kind::attempt;
    gate.why = "being delivered to " + destination;
  } else if (place.place == Whereabouts::Place::window) {
    gate.kind = Gate::Kind::ready;
    gate.why = "waits for a connection to " + destination;
  } else {
    gate.kind = Gate::Kind::index;
    gate.why = "due, and read from the disk when its turn comes";
  }
  return gate;
}

Explanation explain_recipient(Shared& shared, const MessageRecord& record, std::uint32_t recipient,
                              const Place& place) {
  const RecipientState& state = record.recipients[recipient];
  Explanation told{record.message.envelope.recipients[recipient].address.text(),
                   state.destination,
                   state.phase,
                   state.attempts,
                   {},
                   {}};
  if (state.phase != RecipientPhase::queued) return told;
  const WallTime now = WallTime::now();
  WallTime next = std::max(now, state.due);
  bool forever = false;
  if (place.where.place == Whereabouts::Place::lease) {
    told.gates.push_back(gate_of(place.where, state.destination));
    told.next = now;
    return told;
  }
  const auto marks = shared.steering->current().get();
  // Each that covers it is a gate of its own: lifting the first leads to the next.
  Marks rest = *marks;
  while (const Mark* mark = rest.gate(record.message, recipient, state.destination)) {
    told.gates.push_back(gate_of(*mark));
    forever = forever || (!mark->until && !is_an_errand(mark->kind));
    if (mark->until) next = std::max(next, *mark->until);
    std::erase_if(rest.all, [id = mark->id](const Mark& each) { return each.id == id; });
  }
  if (state.due > now) {
    const bool held = state.attempts == 0 && record.message.envelope.not_before > now;
    Gate gate{Gate::Kind::retry, state.attempts > 0 ? last_reply(state) : "not due yet", {}, state.due};
    if (held) gate = {Gate::Kind::release, "held by its sender", {}, record.message.envelope.not_before};
    told.gates.push_back(std::move(gate));
  }
  const auto postponed = shared.postponed(state.destination);
  if (!postponed.why.empty() && postponed.until > now) {
    told.gates.push_back({Gate::Kind::postponed, state.destination + " waits: " + postponed.why, {}, postponed.until});
    next = std::max(next, postponed.until);
  }
  if (told.gates.empty()) {
    told.gates = place.limits;
    told.gates.push_back(gate_of(place.where, state.destination));
  }
  if (!forever) told.next = next;
  return told;
}

}  // namespace

std::string_view to_string(Gate::Kind kind) noexcept {
  switch (kind) {
    case Gate::Kind::drop:
      return "drop";
    case Gate::Kind::suspend:
      return "suspend";
    case Gate::Kind::hold:
      return "hold";
    case Gate::Kind::reroute:
      return "reroute";
    case Gate::Kind::release:
      return "release";
    case Gate::Kind::retry:
      return "retry";
    case Gate::Kind::postponed:
      return "postponed";
    case Gate::Kind::limit:
      return "limit";
    case Gate::Kind::index:
      return "disk";
    case Gate::Kind::ready:
      return "ready";
    case Gate::Kind::attempt:
      return "attempt";
  }
  return "?";
}

Result<std::vector<Explanation>> explain_record(Shared& shared, const MessageRecord& record, Duration wait_max) {
  std::vector<Place> places(record.recipients.size());
  auto* question = new Question(record);
  auto answer = question->answer();
  if (!shared.post(static_cast<std::uint16_t>(record.message.lane % shared.options.workers), *question)) {
    delete question;  // no shard: nothing is in memory
  } else if (answer.wait_for(wait_max) == std::future_status::ready) {
    places = answer.get();
  } else {
    return fail(ErrorKind::unavailable, "the worker of this message did not answer in time");
  }
  std::vector<Explanation> all;
  for (std::uint32_t i = 0; i < record.recipients.size(); ++i)
    all.push_back(explain_recipient(shared, record, i, places[i]));
  return all;
}

}  // namespace ringpost::queue
