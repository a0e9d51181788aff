#include "tlsrpt/collector.h"

#include <utility>

#include "telemetry/log.h"
#include "tlsrpt/rua_record.h"

namespace ringpost::tlsrpt {

using io::Deadline;
using io::Task;

namespace {

constexpr Duration look_up_wait = std::chrono::seconds(5);
constexpr std::size_t asked_at_once_max = 32;

}  // namespace

void Collector::note(Session session) {
  if (!options_.get()->enabled) return;
  const Day today = Day::of(WallTime::now());
  const auto known = known_.find(session.domain);
  if (known != known_.end() && known->second.day == today && !known->second.wants) return;
  noted_[today].add(std::move(session));
}

Task<> Collector::run() {
  for (;;) {
    const int slept = co_await io::Sleep(reactor_, Deadline::after(written_every), scope_.cancel());
    if (slept == -ECANCELED) co_return;
    co_await write_all(true);
  }
}

Task<> Collector::close() {
  co_await scope_.close();
  co_await write_all(false);
}

Task<> Collector::write_all(bool may_ask) {
  auto noted = std::exchange(noted_, {});
  for (auto& [day, tally] : noted) co_await write(day, std::move(tally), may_ask);
}

Task<> Collector::ask(std::string domain, Day day) {
  auto answer =
      co_await dns_.look_up(rua_name(domain), dns::RecordType::txt, Deadline::after(look_up_wait), scope_.cancel());
  if (!answer && answer.error().kind != ErrorKind::invalid) co_return;
  if (known_.size() >= domains_known_max) known_.clear();
  known_[domain] = {day, answer && parse_rua_records(answer->records).has_value()};
}

Task<> Collector::write(Day day, Tally tally, bool may_ask) {
  const auto knows = [&](const std::string& domain) {
    const auto known = known_.find(domain);
    return known != known_.end() && known->second.day == day;
  };
  std::vector<std::string> strangers;
  for (const auto& [domain, policies] : tally.domains())
    if (may_ask && !knows(domain)) strangers.push_back(domain);
  for (std::size_t at = 0; at < strangers.size() && !scope_.closing(); at += asked_at_once_max) {
    io::Scope asking(reactor_);
    for (std::size_t i = at; i < std::min(at + asked_at_once_max, strangers.size()); ++i)
      asking.spawn(ask(strangers[i], day));
    co_await asking.join();
  }
  std::vector<std::string> unwanted;
  for (const auto& [domain, policies] : tally.domains())
    if (knows(domain) && !known_[domain].wants) unwanted.push_back(domain);
  for (const std::string& domain : unwanted) tally.forget(domain);
  if (tally.empty()) co_return;
  auto work = [&journal = reports_.journal, day, wanted = std::move(tally)] { return journal.append(day, wanted); };
  auto written = co_await helpers_.run(std::move(work));
  const Error* error = !written ? &written.error() : !*written ? &written->error() : nullptr;
  if (error == nullptr) co_return;
  telemetry::Event(telemetry::EventKind::warning)
      .field("operation", "writing the notes for TLS reports; those of the last seconds are lost")
      .error(*error)
      .emit();
}

}  // namespace ringpost::tlsrpt
