#include "relay/dispatcher.h"

#include <algorithm>
#include <utility>

#include "telemetry/log.h"

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
      connector_(reactor_, resolver, helpers, options_, observer, &limits_.hosts, &limits_.warm_up),
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
void Dispatcher::reconfigure(std::shared_ptr<const RouteTable> routes, const std::vector<ReplyRule>& rules,
                             const Waits& waits) {
  options_.waits = waits;
  routes_ = std::move(routes);
  rules_ = std::make_shared<const ReplyRules>(rules);
  pool_.close_all();
  for (auto& [key, here] : destinations_) {
    auto fresh = std::make_unique<Destination>(*this, key, routes_->plan_for(key));
    fresh->remember_from(*here);
    here->pause_timer.unlink();
    here->waits_for_place = false;
    here->replaced = true;
    if (here->warming_until != MonotonicTime{})  // there may be other sources now, or more for these
      shard_.scheduler().postpone(key, monotonic_now(), "the configuration has changed");
    replaced_.push_back(std::exchange(here, std::move(fresh)));
    here->wake();
  }
  for (auto& [name, site] : sites_) {
    site->waiting.clear();
    site->wake();
  }
  forget_replaced_destinations();
}

void Dispatcher::forget_replaced_destinations() {
  std::erase_if(replaced_, [](const auto& here) { return here->tasks == 0 && !here->looking && !here->linked(); });
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
  if (!here.is_quiet()) return;
  const std::string site = here.site;
  destinations_.erase(here.key);
  drop_if_quiet(site);
}

bool Dispatcher::may_start(const Destination& here) const {
  return !paused_ && !here.replaced && !here.moving && here.tasks < here.tasks_max() && !here.pause_timer.linked() &&
         shard_.scheduler().has_ready(here.key);
}

void Dispatcher::pump(Destination& here) {
  while (may_start(here)) {
    const MonotonicTime now = monotonic_now();
    if (here.warming_until <= now) here.warming_until = {};
    if (!knows_site(here, now) || !may_leave(here)) return;
    Site& site = site_of(here);
    if (!site.waiting.empty()) return stand_in_line(site, here);
    Connection connection = take_idle(here, now);
    ConnectionLimit::Place place;
    if (!connection && here.plan && !get_place(here, site, place, now)) {
      if (may_start(here)) stand_in_line(site, here);
      return;
    }
    start_task(here, site, std::move(connection), std::move(place));
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

// False: all sources have sent to this site what they may today, and the destination waits for tomorrow.
bool Dispatcher::may_leave(Destination& here) {
  if (!here.plan || !here.plan->warms_up()) return true;
  const WallTime now = WallTime::now();
  if (limits_.warm_up.any_may_send(here.plan->sources, here.site, now)) return true;
  const std::string why = warm_up_reason(here.plan->sources, now);
  const WallTime tomorrow = next_day(now);
  if (std::exchange(here.warming_until, monotonic_now() + (tomorrow - now)) == MonotonicTime{}) {
    telemetry::Event(telemetry::EventKind::warning)
        .field("operation", "warm-up: mail waits until tomorrow")
        .field("destination", here.key)
        .field("reason", why)
        .field("next", rfc3339(tomorrow))
        .emit();
  }
  shard_.scheduler().postpone(here.key, here.warming_until, why);
  return false;
}

}  // namespace ringpost::relay
