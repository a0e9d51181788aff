#include "relay/dispatcher.h"

#include <algorithm>
#include <utility>

#include "relay/smtp_delivery.h"

namespace ringpost::relay {

using io::Deadline;
using io::Task;

namespace {

constexpr std::size_t remembered_destinations_max = 10'000;

}  // namespace

Dispatcher::Dispatcher(queue::Shard& shard, Resolver& resolver, io::OffloadPool& helpers, const RouteTable& routes,
                       ConnectionLimit& limit, const Options& options)
    : shard_(shard),
      reactor_(shard.reactor()),
      routes_(routes),
      limit_(limit),
      options_(options),
      connector_(reactor_, resolver, helpers, options_),
      maildir_(helpers, options.hostname),
      scope_(reactor_),
      pool_(reactor_, scope_, options.idle_connection_max),
      task_ended_(reactor_) {}

Dispatcher::~Dispatcher() {
  RINGPOST_ASSERT(tasks_ == 0);
}

void Dispatcher::start() {
  shard_.scheduler().set_listener(this);
}

Task<> Dispatcher::close() {
  stopping_ = true;
  shard_.scheduler().set_listener(nullptr);
  place_timer_.unlink();
  pool_.close_all();
  const Deadline patience = Deadline::after(closing_patience);
  while (tasks_ > 0) {
    const int waited = co_await task_ended_.wait(patience, io::Cancel::never());
    if (waited != 0) break;
  }
  co_await scope_.close();
}

void Destination::run() noexcept {
  owner.attend(*this);
}

// Called from the scheduler's depths: what follows may take from it, so it waits for the next round.
void Dispatcher::on_ready(const std::string& key) {
  Destination& here = destination(key);
  if (!here.linked()) reactor_.make_ready(here);
}

Destination& Dispatcher::destination(const std::string& key) {
  if (const auto known = destinations_.find(key); known != destinations_.end()) return *known->second;
  if (destinations_.size() >= remembered_destinations_max) forget_quiet_destinations();
  auto fresh = std::make_unique<Destination>(*this, key, routes_.plan_for(key));
  return *destinations_.emplace(key, std::move(fresh)).first->second;
}

// Trouble is remembered only so far: who is down and forgotten is tried by several tasks at once next time.
void Dispatcher::forget_quiet_destinations() {
  std::erase_if(destinations_, [](const auto& entry) {
    const Destination& each = *entry.second;
    return each.tasks == 0 && !each.waits_for_place && !each.linked();
  });
}

void Dispatcher::attend(Destination& here) {
  pump(here);
  if (here.is_quiet(monotonic_now())) destinations_.erase(here.key);
}

void Dispatcher::pump(Destination& here) {
  queue::Scheduler& scheduler = shard_.scheduler();
  const MonotonicTime now = monotonic_now();
  while (!stopping_ && here.tasks < here.tasks_max(now) && scheduler.has_ready(here.key)) {
    Connection connection = pool_.take(here.key);
    ConnectionLimit::Place place;
    if (!connection && here.plan) {
      const std::uint32_t held = here.tasks + pool_.idle(here.key);
      auto got = limit_.try_open(here.key, here.plan->connections_max, held, now);
      if (!got) return wait_for_place(here);
      place = std::move(*got);
    }
    ++here.tasks;
    ++tasks_;
    if (connection) ++here.connected;
    scope_.spawn(serve(here, std::move(connection), std::move(place)));
  }
}

void Dispatcher::wait_for_place(Destination& here) {
  if (std::exchange(here.waits_for_place, true)) return;
  without_place_.push_back(here.key);
  if (!place_timer_.linked()) reactor_.timers().arm(place_timer_, monotonic_now() + place_retry);
}

void Dispatcher::retry_places() noexcept {
  for (const std::string& key : std::exchange(without_place_, {})) {
    const auto known = destinations_.find(key);
    if (known == destinations_.end()) continue;
    known->second->waits_for_place = false;
    if (!known->second->linked()) reactor_.make_ready(*known->second);
  }
}

bool Dispatcher::note_failure(Destination& here, const std::string& why) {
  const MonotonicTime now = monotonic_now();
  if (here.connected > 0 || pool_.idle(here.key) > 0) {
    here.cap = std::max(here.tasks - 1, 1U);
    here.capped_until = now + Destination::capped_for;
    return false;
  }
  shard_.scheduler().postpone(here.key, here.go_down(now), why);
  return true;
}

}  // namespace ringpost::relay
