// Dispatcher: which site a destination belongs to, and how the destinations of one site get their connections.
#include <algorithm>
#include <utility>

#include "relay/dispatcher.h"

namespace ringpost::relay {

using io::Task;

namespace {

constexpr Duration way_out_retry = std::chrono::minutes(1);  // at most, where it is not the site that is down

}  // namespace

void Site::run() noexcept {
  Dispatcher& dispatcher = owner;
  const std::string its_name = name;
  dispatcher.serve_line(*this);
  dispatcher.drop_if_quiet(its_name);
}

void Site::wake() noexcept {
  if (!linked()) owner.reactor_.make_ready(*this);
}

Site& Dispatcher::site_of(const Destination& here) {
  auto& site = sites_[here.site];
  if (!site) site = std::make_unique<Site>(*this, here.site);
  return *site;
}

void Dispatcher::drop_if_quiet(const std::string& site) {
  const auto known = sites_.find(site);
  if (known != sites_.end() && known->second->is_quiet()) sites_.erase(known);
}

// False: it is being looked for, or looked at again: what a domain asks of connections is not believed for long.
bool Dispatcher::knows_site(Destination& here, MonotonicTime now) {
  if (now >= here.site_until && !here.looking) {
    here.looking = true;
    ++tasks_;
    scope_.spawn(find_site(here));
  }
  return now < here.site_until;
}

// A failure is not told here: the first delivery meets it again and knows what to do about its message.
Task<> Dispatcher::find_site(Destination& here) {
  auto found = co_await connector_.find_site(*here.plan, scope_.cancel());
  const bool is_other = found ? found->name != here.site : here.site_until == MonotonicTime::min();
  here.needs.clear();
  if (is_other && here.tasks > 0) {
    here.moving = true;  // and it is looked for again when they have ended
  } else {
    if (is_other && here.waits_for_place) {
      Site& before = site_of(here);
      leave_line(before, std::ranges::find(before.waiting, &here));
    }
    if (found) {
      here.site = std::move(found->name);
      here.needs = std::move(found->needs);
    }
    here.site_until = monotonic_now() + Destination::site_kept;
  }
  here.looking = false;
  --tasks_;
  task_ended_.notify_all();
  if (!stopping_) here.wake();
}

void Dispatcher::stand_in_line(Site& site, Destination& here) {
  if (!std::exchange(here.waits_for_place, true)) {
    here.waits_since = monotonic_now();
    site.waiting.push_back(&here);
  }
  if (site.waiting.front() == &here || pool_.idle(site.name) > 0) site.wake();
  if (!place_timer_.linked()) reactor_.timers().arm(place_timer_, monotonic_now() + place_retry);
}

std::list<Destination*>::iterator Dispatcher::leave_line(Site& site, std::list<Destination*>::iterator at) {
  (*at)->waits_for_place = false;
  return site.waiting.erase(at);
}

void Dispatcher::retry_places() noexcept {
  bool somebody_waits = false;
  for (auto& [name, site] : sites_) {
    if (site->waiting.empty()) continue;
    somebody_waits = true;
    site->wake();
  }
  if (somebody_waits) reactor_.timers().arm(place_timer_, monotonic_now() + place_retry);
}

// Idle connections go to the first in line whose mail they may carry, and places for new ones to the first in line.
// Who waits for too long gets the place of an idle one, and so it is where nobody in line may use that one.
void Dispatcher::serve_line(Site& site) {
  const MonotonicTime now = monotonic_now();
  bool all_known = true;
  for (auto at = site.waiting.begin(); at != site.waiting.end();) {
    Destination& here = **at;
    if (!may_start(here)) {
      at = leave_line(site, at);
      continue;
    }
    const bool is_first = at == site.waiting.begin();
    if (!is_first && pool_.idle(site.name) == 0) return;
    if (now >= here.site_until) {
      here.wake();  // it is looked for again, and the line is served again then
      all_known = false;
    } else if (serve_next(site, here, is_first, now)) {
      at = leave_line(site, at);
      if (may_start(here)) stand_in_line(site, here);  // for one more, behind the others
      continue;
    }
    ++at;
  }
  if (all_known && !site.waiting.empty()) take_over_a_place(site, *site.waiting.front());
}

/// False: it has to wait.
bool Dispatcher::serve_next(Site& site, Destination& here, bool is_first, MonotonicTime now) {
  Connection connection = take_idle(here, now);
  ConnectionLimit::Place place;
  if (!connection && !is_first) return false;
  if (!connection && !get_place(here, site, place, now)) {
    return now >= here.waits_since + Site::patience && take_over_a_place(site, here);
  }
  start_task(here, site, std::move(connection), std::move(place));
  return true;
}

/// Of an idle connection that others may use and `here` may not: the task begins by closing it.
bool Dispatcher::take_over_a_place(Site& site, Destination& here) {
  if (!may_start(here) || pool_.idle(site.name) == 0 || !may_go(here, limits_.openings, here.plan->connection_rate)) {
    return false;
  }
  Connection connection = pool_.take(site.name, [](const OutboundConnection&) { return true; });
  if (!connection) return false;
  start_task(here, site, std::move(connection), ConnectionLimit::Place());
  return true;
}

Dispatcher::Connection Dispatcher::take_idle(const Destination& here, MonotonicTime now) {
  const Duration age_max = here.plan ? here.plan->connection_age_max : Duration::max();
  return pool_.take(here.site, [&](const OutboundConnection& idle) {
    return now - idle.opened < age_max && here.accepts(idle, now);
  });
}

/// False: there is none, or the rate of new connections is used up (then here.pause_timer runs, or it is postponed).
bool Dispatcher::get_place(Destination& here, Site& site, ConnectionLimit::Place& place, MonotonicTime now) {
  if (now < site.ask_again) return false;
  const std::uint32_t held = site.tasks + pool_.idle(site.name);
  auto got = limits_.connections.try_open(site.name, here.plan->connections_max, held, now);
  if (!got) {
    site.ask_again = now + place_retry / 2;  // at the timer's next turn
    return false;
  }
  if (!may_go(here, limits_.openings, here.plan->connection_rate)) return false;
  place = std::move(*got);
  return true;
}

/// There is a connection to its site that it may use, even if others do at the moment.
bool Dispatcher::works_for(const Destination& here, const Site& site) const {
  const MonotonicTime now = monotonic_now();
  const auto accepts = [&](const OutboundConnection& connection) { return here.accepts(connection, now); };
  return std::ranges::any_of(site.in_use, [&](const OutboundConnection* each) { return accepts(*each); }) ||
         pool_.any(site.name, accepts);
}

// Returns whether the destination is down now.
bool Dispatcher::note_failure(Destination& here, Site& site, const Error& error) {
  const MonotonicTime now = monotonic_now();
  const bool is_ours = is_our_way_out(error);
  // What its own domain asks of the connection is no word about the site, and neither is a source that may not send.
  if (error.status.enhanced.subject != 7 && !is_ours) limits_.connections.troubled(site.name, now);
  site.may_grow = site.may_grow || !is_ours;
  if (works_for(here, site)) return false;
  site.ask_again = {};  // where nobody works the next in line may try at once
  const MonotonicTime until = here.go_down(now);
  shard_.scheduler().postpone(here.key, is_ours ? std::min(until, now + way_out_retry) : until, error.reason);
  return true;
}

void Dispatcher::note_slow_down(Destination& here, Site& site, const std::string& why) {
  const MonotonicTime now = monotonic_now();
  const bool is_news = limits_.connections.troubled(site.name, now);
  site.may_grow = true;
  const bool is_last = limits_.connections.allowed(site.name, here.plan->connections_max) == 1;
  if (is_news && is_last) shard_.scheduler().postpone(here.key, here.slow_down(now), why);
}

bool Dispatcher::has_too_many(const Destination& here, const Site& site) const {
  return site.may_grow && limits_.connections.is_crowded(site.name, here.plan->connections_max);
}

}  // namespace ringpost::relay
