// A next hop that is down keeps mail waiting that nobody tries one by one: its senders are told nevertheless.
#include <algorithm>
#include <vector>

#include "queue/report_policy.h"
#include "queue/scheduler_impl.h"

namespace ringpost::queue {
namespace {

constexpr EnhancedCode no_answer_from_host{4, 4, 1};

bool is_to_be_told(const Options& options, const Ready& ready, WallTime now) {
  const mail::Envelope& envelope = ready.message->envelope;
  if (now < delay_notice_at(options, envelope)) return false;
  return std::ranges::any_of(ready.recipients, [&](std::uint32_t recipient) {
    return std::ranges::find(ready.delay_told, recipient) == ready.delay_told.end() &&
           why_no_report(options, envelope, recipient, ReportKind::delay).empty();
  });
}

}  // namespace

void Scheduler::Impl::tell_delays(Destination& destination, const std::string& why) {
  const WallTime now = WallTime::now();
  std::vector<Ready> late;
  for (auto* line : destination.all_lines()) {
    for (auto it = line->begin(); it != line->end();) {
      const bool told = bounces_ + late.size() < bounces_max && is_to_be_told(shard_.shared.options, *it, now);
      if (told) late.push_back(std::move(*it));
      it = told ? line->erase(it) : std::next(it);
    }
  }
  if (late.empty()) return;
  ready_total_ -= late.size();
  for (const Ready& ready : late) ready_weight_ -= ready.weight;
  if (destination.ready() == 0) {
    --with_ready_;
    destination.ready_hook.unlink();
  }
  const std::string name = destination.name;
  for (Ready& ready : late) {
    std::vector<mail::DeliveryStatus> statuses;
    for (const std::uint32_t recipient : ready.recipients)
      statuses.push_back({recipient, mail::Action::deferred, {451, no_answer_from_host}, why, {}});
    Attempt attempt(*shard_.shard, name, std::move(ready));
    attempt.finish(std::move(statuses));
  }
}

}  // namespace ringpost::queue
