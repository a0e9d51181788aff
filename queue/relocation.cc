#include "queue/relocation.h"

#include <algorithm>
#include <future>

#include "queue/scheduler_impl.h"

namespace ringpost::queue {
namespace {

std::uint16_t worker_of(const Shared& shared, std::uint16_t lane) noexcept {
  return static_cast<std::uint16_t>(lane % shared.options.workers);
}

/// Asks a scheduler which of these nobody has. Deletes itself.
class WhichAreFree final : public ShardParcel {
 public:
  explicit WhichAreFree(std::vector<Relocation> wanted) : wanted_(std::move(wanted)) {}
  std::future<std::vector<Relocation>> answer() { return answer_.get_future(); }

  void deliver() noexcept override {
    if (shard->closing) wanted_.clear();
    auto& scheduler = shard->schedule_impl();
    scheduler.see_marks();
    std::erase_if(wanted_, [&](const Relocation& each) { return scheduler.has({each.id, each.recipient}); });
    answer_.set_value(std::move(wanted_));
    delete this;
  }

 private:
  std::vector<Relocation> wanted_;
  std::promise<std::vector<Relocation>> answer_;
};

/// Deletes itself.
class LookThere final : public ShardParcel {
 public:
  struct Place {
    std::uint16_t lane = 0;
    std::string destination;
    DuePosition first;
    bool lift = false;
  };
  explicit LookThere(std::vector<Place> places) : places_(std::move(places)) {}
  void deliver() noexcept override {
    for (const Place& place : places_)
      if (!shard->closing) shard->retry(place.destination, place.lane, place.first, place.lift);
    delete this;
  }

 private:
  const std::vector<Place> places_;
};

}  // namespace

std::vector<Relocation> free_of_leases(Shared& shared, std::vector<Relocation> wanted, Duration wait_max) {
  std::map<std::uint16_t, std::vector<Relocation>> by_worker;
  for (Relocation& each : wanted) by_worker[worker_of(shared, each.lane)].push_back(std::move(each));
  std::vector<std::future<std::vector<Relocation>>> answers;
  std::vector<Relocation> free;
  for (auto& [worker, some] : by_worker) {
    std::vector<Relocation> copy = some;
    auto* question = new WhichAreFree(std::move(some));
    auto answer = question->answer();
    if (shared.post(worker, *question)) {
      answers.push_back(std::move(answer));
    } else {
      delete question;  // no shard, no leases
      free.insert(free.end(), copy.begin(), copy.end());
    }
  }
  const auto until = std::chrono::steady_clock::now() + wait_max;
  for (auto& answer : answers) {
    if (answer.wait_until(until) != std::future_status::ready) continue;
    const std::vector<Relocation> some = answer.get();
    free.insert(free.end(), some.begin(), some.end());
  }
  return free;
}

void NewlyDue::add(std::uint16_t lane, const std::string& destination, const DuePosition& position) {
  const auto [place, fresh] = first_.try_emplace({lane, destination}, position);
  if (!fresh) place->second = std::min(place->second, position);
}

void NewlyDue::announce(Shared& shared) {
  std::map<std::uint16_t, std::vector<LookThere::Place>> by_worker;
  for (const auto& [where, first] : first_)
    by_worker[worker_of(shared, where.first)].push_back(
        {where.first, where.second, first, announced_.insert(where).second});
  first_.clear();
  for (auto& [worker, places] : by_worker) {
    auto* told = new LookThere(std::move(places));
    if (!shared.post(worker, *told)) delete told;  // no shard, no windows
  }
}

}  // namespace ringpost::queue
