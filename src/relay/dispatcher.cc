#include "relay/dispatcher.h"

#include <algorithm>
#include <utility>

namespace ringpost::relay {

using io::Deadline;
using io::Task;

namespace {

constexpr std::size_t remembered_destinations_max = 10'000;
constexpr Duration put_aside_from = std::chrono::seconds(5);  // who waits longer gives its window to others

}  // namespace

Dispatcher::Dispatcher(queue::Shard& shard, Resolver& resolver, io::OffloadPool& helpers,
                       std::shared_ptr<const RouteTable> routes, SiteLimits& limits, const Options& options,
                       tlsrpt::Observer* observer)
    : shard_(shard),
      reactor_(shard.reactor()),
      routes_(std::move(routes)),
      limits_(limits),
      options_(options),
      rules_(std::make_shared<const ReplyRules>(options.reply_rules)),
      connector_(reactor_, resolver, helpers, options_, observer),
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

Task<bool> Dispatcher::pause(Duration patience) {
  paused_ = true;
  shard_.scheduler().set_listener(nullptr);
  pool_.close_all();
  const Deadline deadline = Deadline::after(patience);
  while (tasks_ > 0) {
    const int waited = co_await task_ended_.wait(deadline, io::Cancel::never());
    if (waited != 0) break;
  }
  co_return tasks_ == 0;
}

void Dispatcher::resume() {
  paused_ = false;
  shard_.scheduler().set_listener(this);  // which offers what is ready
}

// Tasks refer to their destination, so those that are at work keep the old one, with the old plan.
void Dispatcher::reconfigure(std::shared_ptr<const RouteTable> routes, const std::vector<ReplyRule>& rules) {
  routes_ = std::move(routes);
  rules_ = std::make_shared<const ReplyRules>(rules);
  pool_.close_all();
  for (auto& [key, here] : destinations_) {
    auto fresh = std::make_unique<Destination>(*this, key, routes_->plan_for(key));
    fresh->remember_from(*here);
    here->pause_timer.unlink();
    here->replaced = true;
    replaced_.push_back(std::exchange(here, std::move(fresh)));
    here->wake();
  }
  without_place_.clear();
  forget_replaced_destinations();
}

void Dispatcher::forget_replaced_destinations() {
  std::erase_if(replaced_, [](const auto& here) { return here->tasks == 0 && !here->linked(); });
}

bool Dispatcher::is_idle() const {
  const queue::Scheduler& scheduler = shard_.scheduler();
  return tasks_ == 0 &&
         std::ranges::none_of(destinations_, [&](const auto& entry) { return scheduler.has_ready(entry.first); });
}

Task<> Dispatcher::close() {
  // After a pause() everybody has had their time.
  const Deadline patience = Deadline::after(paused_ ? Duration::zero() : closing_patience);
  paused_ = stopping_ = true;
  shard_.scheduler().set_listener(nullptr);
  place_timer_.unlink();
  pool_.close_all();
  while (tasks_ > 0) {
    const int waited = co_await task_ended_.wait(patience, io::Cancel::never());
    if (waited != 0) break;
  }
  co_await scope_.close();
}

void Destination::run() noexcept {
  owner.attend(*this);
}

void Destination::wake() noexcept {
  if (!linked()) owner.reactor_.make_ready(*this);
}

// Called from the scheduler's depths: what follows may take from it, so it waits for the next round.
void Dispatcher::on_ready(const std::string& key) {
  destination(key).wake();
}

Destination& Dispatcher::destination(const std::string& key) {
  if (const auto known = destinations_.find(key); known != destinations_.end()) return *known->second;
  if (destinations_.size() >= remembered_destinations_max) forget_quiet_destinations();
  auto fresh = std::make_unique<Destination>(*this, key, routes_->plan_for(key));
  return *destinations_.emplace(key, std::move(fresh)).first->second;
}

// Trouble is remembered only so far: who is down and forgotten is tried by several tasks at once next time.
void Dispatcher::forget_quiet_destinations() {
  std::erase_if(destinations_, [](const auto& entry) { return entry.second->may_be_forgotten(); });
}

void Dispatcher::attend(Destination& here) {
  if (here.replaced) return forget_replaced_destinations();
  pump(here);
  if (here.is_quiet()) destinations_.erase(here.key);
}

void Dispatcher::pump(Destination& here) {
  queue::Scheduler& scheduler = shard_.scheduler();
  const MonotonicTime now = monotonic_now();
  while (!paused_ && here.tasks < here.tasks_max() && !here.pause_timer.linked() && scheduler.has_ready(here.key)) {
    const bool is_siteless = here.site_until == MonotonicTime::min();
    if (is_siteless && here.tasks > 0) return;  // it is being looked for
    if (is_siteless || (now >= here.site_until && here.tasks == 0)) {
      ++here.tasks;
      ++tasks_;
      scope_.spawn(find_site(here));
      return;
    }
    Connection connection = pool_.take(here.key);
    ConnectionLimit::Place place;
    if (!connection && here.plan) {
      const std::uint32_t held = here.tasks + pool_.idle(here.key);
      auto got = limits_.connections.try_open(here.site, here.plan->connections_max, held, now);
      if (!got) return wait_for_place(here);
      if (!may_go(here, limits_.openings, here.plan->connection_rate)) return;
      place = std::move(*got);
    }
    ++here.tasks;
    ++tasks_;
    if (connection) ++here.connected;
    scope_.spawn(serve(here, std::move(connection), std::move(place)));
  }
}

// False: the rate is used up, and the destination is looked at again when it is not.
bool Dispatcher::may_go(Destination& here, RateLimit& limit, const Rate& rate) {
  if (!rate.limits()) return true;
  if (here.pause_timer.linked()) return false;
  const MonotonicTime now = monotonic_now();
  const Duration wait = limit.take(here.site, rate, now);
  if (wait == Duration::zero()) return true;
  if (wait < put_aside_from) {
    reactor_.timers().arm(here.pause_timer, now + wait);
  } else {
    shard_.scheduler().postpone(here.key, now + wait, "the rate of its route is " + format_rate(rate));
  }
  return false;
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
    known->second->wake();
  }
}

// Returns whether the destination is down now.
bool Dispatcher::note_failure(Destination& here, const std::string& why) {
  const MonotonicTime now = monotonic_now();
  limits_.connections.troubled(here.site, now);
  here.may_grow = true;
  if (here.connected > 0 || pool_.idle(here.key) > 0) return false;
  shard_.scheduler().postpone(here.key, here.go_down(now), why);
  return true;
}

void Dispatcher::note_slow_down(Destination& here, const std::string& why) {
  const MonotonicTime now = monotonic_now();
  const bool is_news = limits_.connections.troubled(here.site, now);
  here.may_grow = true;
  const bool is_last = limits_.connections.allowed(here.site, here.plan->connections_max) == 1;
  if (is_news && is_last) shard_.scheduler().postpone(here.key, here.slow_down(now), why);
}

bool Dispatcher::has_too_many(const Destination& here) const {
  return here.may_grow && limits_.connections.is_crowded(here.site, here.plan->connections_max);
}

}  // namespace ringpost::relay
