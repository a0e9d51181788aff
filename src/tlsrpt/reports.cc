#include "tlsrpt/reports.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tlsrpt/report.h"

namespace ringpost::tlsrpt {

using nlohmann::ordered_json;

Result<Day> Reports::day_of(const std::string& text) const {
  if (!options.get()->enabled) return fail(ErrorKind::refused, "TLS reports are not enabled ([tls_report])");
  if (text.empty()) return Day::of(WallTime::now());
  const auto day = Day::parse(text);
  if (!day) return fail(ErrorKind::invalid, "expected a day like 2026-11-26, not " + printable(text, 40));
  return *day;
}

Result<std::string> Reports::show(const std::string& day, const std::string& domain) const {
  auto wanted = day_of(day);
  if (!wanted) return propagate(wanted);
  const auto now_in_force = options.get();
  const DayNotes notes = journal.read(*wanted);
  ordered_json reports = ordered_json::array();
  for (const auto& [name, tally] : notes.tally.domains()) {
    if (!domain.empty() && name != domain) continue;
    const ReportHead head{*now_in_force, hostname_, name, *wanted, WallTime::now()};
    reports.push_back(report_json(head, tally));
  }
  const ordered_json whole{{"day", wanted->text()}, {"reports", std::move(reports)}};
  return whole.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<void> Reports::order(const std::string& day, const std::string& domain) {
  auto wanted = day_of(day);
  if (!wanted) return propagate(wanted);
  const std::lock_guard lock(mutex_);
  if (orders_.size() >= orders_max) return fail(ErrorKind::unavailable, "too many orders wait");
  orders_.push_back({*wanted, domain});
  return {};
}

std::vector<SendOrder> Reports::take_orders() {
  const std::lock_guard lock(mutex_);
  return std::exchange(orders_, {});
}

}  // namespace ringpost::tlsrpt
