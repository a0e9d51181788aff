// Dispatcher: one delivery task, from taking the first Attempt to parting with the connection.
#include <algorithm>
#include <utility>

#include "relay/attempt_work.h"
#include "relay/dispatcher.h"
#include "relay/smtp_delivery.h"

namespace ringpost::relay {

using io::Task;

namespace {

constexpr std::uint32_t discarded_in_a_row_max = 16;

bool is_delivered(const mail::DeliveryStatus& status) noexcept {
  return status.action == mail::Action::delivered;
}

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

void Dispatcher::start_task(Destination& here, Site& site, Connection connection, ConnectionLimit::Place place) {
  ++here.tasks;
  ++site.tasks;
  ++tasks_;
  if (connection) site.hold(*connection);
  scope_.spawn(serve(here, site, std::move(connection), std::move(place)));
}

Task<> Dispatcher::serve(Destination& here, Site& site, Connection connection, ConnectionLimit::Place place) {
  const std::uint32_t recipients_max = here.plan ? here.plan->recipients_max : Delivery{}.recipients_max;
  const bool waits = here.plan && here.plan->kind() != NextHop::Kind::discard;
  std::uint32_t taken = 0;
  if (connection && !here.accepts(*connection, monotonic_now())) {  // it is there for its place
    co_await close_connection(site, connection, place);
  }
  for (bool go_on = true; go_on && !paused_ && !here.replaced && !here.moving;) {
    if (!shard_.scheduler().has_ready(here.key)) break;
    const bool is_turn_over = taken > 0 && taken % Site::messages_in_turn == 0;
    if (is_turn_over && site.others_wait(here)) break;
    if (is_turn_over && connection && !here.accepts(*connection, monotonic_now()))
      break;  // its domain has other wishes
    if (!may_leave(here)) break;
    if (here.plan && !may_go(here, limits_.messages, here.plan->rate)) break;
    auto attempt = shard_.scheduler().take(here.key, recipients_max);
    if (!attempt) break;
    const MonotonicTime started = monotonic_now();
    go_on = co_await deliver(here, site, *attempt, connection, place);
    telemetry::counters().delivery_seconds.record(monotonic_now() - started);
    if (++taken % discarded_in_a_row_max == 0 && !waits) co_await Yield(reactor_);
  }
  if (connection) part_with(here, site, std::move(connection));
  place = ConnectionLimit::Place();
  end_task(here, site);
}

void Dispatcher::end_task(Destination& here, Site& site) {
  --here.tasks;
  --site.tasks;
  --tasks_;
  task_ended_.notify_all();
  if (here.moving && here.tasks == 0) {
    here.moving = false;
    here.site_until = MonotonicTime::min();
  }
  if (stopping_) return;
  here.wake();
  if (site.tasks == 0) site.wake();
}

Task<bool> Dispatcher::deliver(Destination& here, Site& site, queue::Attempt& attempt, Connection& connection,
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
  co_return co_await deliver_by_network(here, site, attempt, connection, place);
}

Task<Result<void>> Dispatcher::open_connection(Destination& here, Site& site, Connection& connection,
                                               ConnectionLimit::Place& place) {
  auto opened = co_await connector_.open(*here.plan, here.site, scope_.cancel());
  if (!opened) co_return propagate(opened);
  connection = std::move(*opened);
  connection->standing.opened_for = here.key;
  connection->place = std::move(place);
  site.hold(*connection);
  co_return Result<void>{};
}

// There is no connection: what becomes of the message.
void Dispatcher::give_back(Destination& here, Site& site, queue::Attempt& attempt, const Error& error) {
  Statuses statuses;
  if (error.status == Connector::hosts_are_full) {
    site.ask_again = monotonic_now() + place_retry / 2;
  } else if (error.kind != ErrorKind::cancelled && note_failure(here, site, error)) {
    statuses = for_all(attempt.recipients(), from_error(0, error, error.status.enhanced, {}));
  }
  attempt.finish(std::move(statuses));  // without: where other connections still work it is theirs
}

// The next connection takes this one's place.
Task<> Dispatcher::close_connection(Site& site, Connection& connection, ConnectionLimit::Place& place) {
  site.let_go(*connection);
  co_await connection->client.quit(io::Deadline::never(), scope_.cancel());
  place = std::move(connection->place);
  connection.reset();
}

// False: the source of `connection` has sent to this site what it may today, and the connection is given up.
bool Dispatcher::takes_from_allowance(Destination& here, Site& site, Connection& connection,
                                      ConnectionLimit::Place& place) {
  if (limits_.warm_up.take(connection->source, here.site, WallTime::now())) return true;
  site.let_go(*connection);
  place = std::move(connection->place);
  pool_.retire(std::move(connection));
  return false;
}

Task<bool> Dispatcher::deliver_by_network(Destination& here, Site& site, queue::Attempt& attempt,
                                          Connection& connection, ConnectionLimit::Place& place) {
  AttemptWork work(attempt);
  for (;;) {
    const bool reused = connection != nullptr;
    if (!reused) {
      auto opened = co_await open_connection(here, site, connection, place);
      if (!opened) {
        const Error& error = opened.error();
        if (error.status.enhanced.klass == 5) {  // the DNS says that there is nobody to reach, now or later
          attempt.finish(for_all(attempt.recipients(), in_our_words(0, error.status, error.reason, {})));
          co_return true;
        }
        give_back(here, site, attempt, error);
        co_return false;
      }
    }
    if (!attempt.withdraw_covered()) {  // while the connection was made an operator has stopped this mail
      attempt.finish({});
      co_return true;
    }
    if (!takes_from_allowance(here, site, connection, place)) {
      if (may_leave(here)) continue;
      attempt.finish({});
      co_return false;
    }
    const auto rules = rules_;
    TransactionOutcome outcome = co_await deliver_over(*connection, work, *rules, scope_.cancel());
    if (std::ranges::none_of(outcome.statuses, is_delivered))
      limits_.warm_up.give_back(connection->source, here.site, WallTime::now());
    const bool usable = connection->client.usable();
    if (!usable) {
      site.let_go(*connection);
      co_await connection->client.close();
      place = std::move(connection->place);
      connection.reset();
      // A connection that lay idle may have died meanwhile: that is no word about the message.
      if (reused && outcome.session_refused && !outcome.cancelled && !stopping_) continue;
    }
    if (!outcome.cancelled) note_outcome(here, site, outcome, usable);
    attempt.finish(std::move(outcome.statuses));
    if (!usable || has_too_many(here, site)) co_return false;
    const bool is_spent = connection->messages >= here.plan->messages_per_connection_max ||
                          monotonic_now() >= connection->opened + here.plan->connection_age_max;
    if (!is_spent) co_return true;
    co_await close_connection(site, connection, place);
    if (site.others_wait(here)) site.ask_again = {};  // which have been waiting for longer than this task
    co_return !site.others_wait(here) && !limits_.connections.others_wait(site.name, monotonic_now());
  }
}

void Dispatcher::note_outcome(Destination& here, Site& site, const TransactionOutcome& outcome, bool usable) {
  if (outcome.session_refused && !outcome.statuses.empty()) {
    note_failure(here, site, Error(ErrorKind::refused, outcome.statuses.front().diagnostic));
  } else if (!outcome.slow_down.empty()) {
    note_slow_down(here, site, outcome.slow_down);
  } else {
    if (here.came_through()) here.wake();  // the probe got through: others may follow
    if (site.may_grow && usable)
      site.may_grow = limits_.connections.succeeded(site.name, 1, here.plan->connections_max);
  }
}

void Dispatcher::part_with(Destination& here, Site& site, Connection connection) {
  site.let_go(*connection);
  const bool is_wanted = !paused_ && !here.replaced && connection->client.usable() && !has_too_many(here, site) &&
                         !limits_.connections.others_wait(site.name, monotonic_now());
  if (!is_wanted) return pool_.retire(std::move(connection));
  pool_.put(site.name, std::move(connection));
  if (!site.waiting.empty()) site.wake();
}

}  // namespace ringpost::relay
