// Dispatcher: one delivery task, from taking the first Attempt to parting with the connection.
#include <utility>

#include "relay/attempt_work.h"
#include "relay/dispatcher.h"
#include "relay/smtp_delivery.h"

namespace ringpost::relay {

using io::Task;

namespace {

constexpr std::uint32_t discarded_in_a_row_max = 16;

// Lets the others of this core have their turn.
class Yield final : private io::Runnable {
 public:
  explicit Yield(io::Reactor& reactor) noexcept : reactor_(reactor) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiting_ = awaiting;
    reactor_.make_ready(*this);
  }
  void await_resume() const noexcept {}

 private:
  void run() noexcept override { waiting_.resume(); }
  io::Reactor& reactor_;
  std::coroutine_handle<> waiting_;
};

}  // namespace

Task<> Dispatcher::serve(Destination& here, Connection connection, ConnectionLimit::Place place) {
  const std::uint32_t recipients_max = here.plan ? here.plan->recipients_max : Delivery{}.recipients_max;
  const bool waits = here.plan && here.plan->kind() != NextHop::Kind::discard;
  std::uint32_t taken = 0;
  for (bool go_on = true; go_on && !paused_ && !here.replaced;) {
    if (!shard_.scheduler().has_ready(here.key)) break;
    if (here.plan && !may_go(here, limits_.messages, here.plan->rate)) break;
    auto attempt = shard_.scheduler().take(here.key, recipients_max);
    if (!attempt) break;
    const MonotonicTime started = monotonic_now();
    go_on = co_await deliver(here, *attempt, connection, place);
    telemetry::counters().delivery_seconds.record(monotonic_now() - started);
    if (!waits && ++taken % discarded_in_a_row_max == 0) co_await Yield(reactor_);
  }
  if (connection) part_with(here, std::move(connection));
  place = ConnectionLimit::Place();
  end_task(here);
}

void Dispatcher::end_task(Destination& here) {
  --here.tasks;
  --tasks_;
  task_ended_.notify_all();
  if (!stopping_) here.wake();
}

// A failure is not told here: the first delivery meets it again and knows what to do about its message.
Task<> Dispatcher::find_site(Destination& here) {
  auto site = co_await connector_.site_of(*here.plan, scope_.cancel());
  here.site = site ? std::move(*site) : std::string(without_wish(here.key));
  here.site_until = monotonic_now() + Destination::site_kept;
  end_task(here);
}

Task<bool> Dispatcher::deliver(Destination& here, queue::Attempt& attempt, Connection& connection,
                               ConnectionLimit::Place& place) {
  if (!here.plan) {
    const Error& error = here.plan.error();
    attempt.finish(for_all(attempt.recipients(), in_our_words(0, error.status, error.reason, {})));
    co_return true;
  }
  const NextHop& next_hop = here.plan->hops.front().next_hop;
  if (next_hop.kind == NextHop::Kind::discard) {
    attempt.finish(for_all(attempt.recipients(), in_our_words(0, {250, {2, 0, 0}}, "discarded", "discard")));
    co_return true;
  }
  if (next_hop.kind == NextHop::Kind::maildir) {
    AttemptWork work(attempt);
    auto statuses = co_await maildir_.deliver(next_hop.path, work);
    attempt.finish(std::move(statuses));
    co_return true;
  }
  co_return co_await deliver_by_network(here, attempt, connection, place);
}

Task<Result<void>> Dispatcher::open_connection(Destination& here, Connection& connection,
                                               ConnectionLimit::Place& place) {
  auto opened = co_await connector_.open(*here.plan, scope_.cancel());
  if (!opened) co_return propagate(opened);
  connection = std::move(*opened);
  connection->place = std::move(place);
  ++here.connected;
  co_return Result<void>{};
}

Task<bool> Dispatcher::deliver_by_network(Destination& here, queue::Attempt& attempt, Connection& connection,
                                          ConnectionLimit::Place& place) {
  AttemptWork work(attempt);
  for (;;) {
    const bool reused = connection != nullptr;
    if (!reused) {
      auto opened = co_await open_connection(here, connection, place);
      if (!opened) {
        const Error& error = opened.error();
        if (error.status.enhanced.klass == 5) {  // the DNS says that there is nobody to reach, now or later
          attempt.finish(for_all(attempt.recipients(), in_our_words(0, error.status, error.reason, {})));
          co_return true;
        }
        const bool deferred = error.kind != ErrorKind::cancelled && note_failure(here, error.reason);
        // Where other connections still work the message is theirs.
        Statuses statuses;
        if (deferred) statuses = for_all(attempt.recipients(), from_error(0, error, error.status.enhanced, {}));
        attempt.finish(std::move(statuses));
        co_return false;
      }
    }
    if (!attempt.withdraw_covered()) {  // while the connection was made an operator has stopped this mail
      attempt.finish({});
      co_return true;
    }
    const auto rules = rules_;
    TransactionOutcome outcome = co_await deliver_over(*connection, work, *rules, scope_.cancel());
    const bool usable = connection->client.usable();
    if (!usable) {
      co_await connection->client.close();
      place = std::move(connection->place);
      connection.reset();
      --here.connected;
      // A connection that lay idle may have died meanwhile: that is no word about the message.
      if (reused && outcome.session_refused && !outcome.cancelled && !stopping_) continue;
    }
    if (!outcome.cancelled) note_outcome(here, outcome, usable);
    attempt.finish(std::move(outcome.statuses));
    if (!usable || has_too_many(here)) co_return false;
    if (connection->messages < here.plan->messages_per_connection_max) co_return true;
    // The next connection takes this one's place, unless somebody else needs it more.
    co_await connection->client.quit(io::Deadline::never(), scope_.cancel());
    place = std::move(connection->place);
    connection.reset();
    --here.connected;
    co_return !limits_.connections.others_wait(here.site, monotonic_now());
  }
}

void Dispatcher::note_outcome(Destination& here, const TransactionOutcome& outcome, bool usable) {
  if (outcome.session_refused && !outcome.statuses.empty()) {
    note_failure(here, outcome.statuses.front().diagnostic);
  } else if (!outcome.slow_down.empty()) {
    note_slow_down(here, outcome.slow_down);
  } else {
    if (here.came_through()) here.wake();  // the probe got through: others may follow
    if (here.may_grow && usable)
      here.may_grow = limits_.connections.succeeded(here.site, 1, here.plan->connections_max);
  }
}

void Dispatcher::part_with(Destination& here, Connection connection) {
  --here.connected;
  const bool is_wanted = !paused_ && !here.replaced && connection->client.usable() && !has_too_many(here) &&
                         !limits_.connections.others_wait(here.site, monotonic_now());
  if (is_wanted) {
    pool_.put(here.key, std::move(connection));
  } else {
    pool_.retire(std::move(connection));
  }
}

}  // namespace ringpost::relay
