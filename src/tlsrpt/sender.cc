#include "tlsrpt/sender.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/crc32c.h"
#include "telemetry/log.h"
#include "tlsrpt/collector.h"
#include "tlsrpt/gzip.h"
#include "tlsrpt/report.h"

namespace ringpost::tlsrpt {

using io::Cancel;
using io::Deadline;
using io::Task;
using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr Duration looks_every = std::chrono::seconds(1);     // for orders
constexpr Duration sends_every = std::chrono::seconds(30);    // what is due
constexpr Duration after_midnight = std::chrono::minutes(1);  // by then every worker has written what it noted
constexpr Duration look_up_wait = std::chrono::seconds(10);
constexpr std::size_t sent_at_once_max = 100;  // reports held in memory
constexpr std::size_t answer_octets_max = 64 * 1024;
constexpr int good_status_min = 200, good_status_max = 299;

Duration wait_after(unsigned tries) noexcept {
  return std::min<Duration>(std::chrono::minutes(5) * (1U << std::min(tries, 4U)), std::chrono::hours(1));
}

void add_addresses(const Result<dns::Answer>& answer, std::vector<std::string>& to) {
  constexpr std::size_t addresses_max = 8;
  if (!answer) return;
  for (const std::string& record : answer->records) {
    if (record.size() != 4 && record.size() != 16) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(record.size() == 4 ? AF_INET : AF_INET6, record.data(), text.data(), text.size()) == nullptr)
      continue;
    if (to.size() < addresses_max) to.emplace_back(text.data());
  }
}

}  // namespace

WallTime Sender::due(Day day, const std::string& domain, const std::string& hostname) {
  constexpr auto seconds = std::chrono::duration_cast<std::chrono::seconds>(spread).count();
  const std::uint32_t dice = crc32c(hostname + " " + domain + " " + day.text());
  return day.end() + after_midnight + std::chrono::seconds(dice % static_cast<std::uint32_t>(seconds));
}

Task<> Sender::run() {
  MonotonicTime next_round{};
  for (;;) {
    const int slept = co_await io::Sleep(reactor_, Deadline::after(looks_every), scope_.cancel());
    if (slept == -ECANCELED) co_return;
    auto orders = reports_.take_orders();
    if (!reports_.options.get()->enabled) continue;
    for (SendOrder& order : orders) co_await carry_out(std::move(order));
    if (monotonic_now() < next_round) continue;
    next_round = monotonic_now() + sends_every;
    const WallTime now = WallTime::now();
    const Day today = Day::of(now);
    if (planned_ != today && now - today.begin() >= after_midnight) co_await plan(today);
    co_await send_due(now);
  }
}

// What is in the files and is not settled. A report that was being tried yesterday begins anew.
Task<> Sender::plan(Day today) {
  auto work = [&journal = reports_.journal, today, hostname = reports_.hostname()] {
    std::vector<Pending> found;
    const WallTime now = WallTime::now();
    for (const Day day : journal.days(today)) {
      if (day >= today || now >= day.end() + spread + tried_for) continue;
      const DayNotes notes = journal.read(day);
      for (const auto& [domain, tally] : notes.tally.domains())
        if (!notes.is_settled(domain, Journal::everything))
          found.push_back({day, domain, due(day, domain, hostname), 0});
    }
    return found;
  };
  auto found = co_await helpers_.run(std::move(work));
  if (!found) co_return;  // in the next round
  pending_ = std::move(*found);
  planned_ = today;
}

Task<> Sender::send_due(WallTime now) {
  const auto is_due = [now](const Pending& each) { return each.next <= now; };
  const auto first = std::ranges::find_if(pending_, is_due);
  if (first == pending_.end()) co_return;
  const Day day = first->day;
  std::vector<std::string> domains;
  for (const Pending& each : pending_)
    if (is_due(each) && each.day == day && domains.size() < sent_at_once_max) domains.push_back(each.domain);
  auto parcels = co_await wrap(day, std::move(domains));
  if (!parcels) co_return;
  for (Parcel& parcel : *parcels) {
    if (scope_.closing()) co_return;
    const std::string domain = parcel.domain;
    const Outcome outcome = co_await send(std::move(parcel));
    const auto at =
        std::ranges::find_if(pending_, [&](const Pending& each) { return each.day == day && each.domain == domain; });
    if (at == pending_.end()) continue;
    if (outcome == Outcome::again) {
      put_off(*at, WallTime::now());
    } else {
      pending_.erase(at);
    }
  }
}

void Sender::put_off(Pending& pending, WallTime now) {
  pending.next = now + wait_after(pending.tries++);
  const WallTime last = due(pending.day, pending.domain, reports_.hostname()) + tried_for;
  if (pending.next <= last) return;
  Event(EventKind::warning).field("operation", "sending a TLS report: given up").field("domain", pending.domain).emit();
  pending.next = pending.day.end() + std::chrono::hours(24 * 365);  // planned no more after the next midnight
}

// Sent as often as it is ordered, but what is settled stays so.
Task<> Sender::carry_out(SendOrder order) {
  std::vector<std::string> domains;
  if (order.domain.empty()) {
    auto work = [&journal = reports_.journal, day = order.day] {
      std::vector<std::string> all;
      const DayNotes notes = journal.read(day);
      for (const auto& [domain, tally] : notes.tally.domains()) all.push_back(domain);
      return all;
    };
    auto all = co_await helpers_.run(std::move(work));
    if (all) domains = std::move(*all);
  } else {
    domains.push_back(order.domain);
  }
  for (std::size_t at = 0; at < domains.size(); at += sent_at_once_max) {
    const auto begin = domains.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::string> some(begin,
                                  begin + static_cast<std::ptrdiff_t>(std::min(sent_at_once_max, domains.size() - at)));
    auto parcels = co_await wrap(order.day, std::move(some));
    if (!parcels) co_return;
    for (Parcel& parcel : *parcels) {
      if (scope_.closing()) co_return;
      const std::string domain = parcel.domain;
      const Outcome outcome = co_await send(std::move(parcel));
      if (outcome == Outcome::done)
        std::erase_if(pending_, [&](const Pending& p) { return p.day == order.day && p.domain == domain; });
    }
  }
}

/// The reports of those of `domains` that have one and are not settled.
Task<Result<std::vector<Sender::Parcel>>> Sender::wrap(Day day, std::vector<std::string> domains) {
  auto work = [&reports = reports_, options = reports_.options.get(), day, wanted = std::move(domains)] {
    std::vector<Parcel> parcels;
    const DayNotes notes = reports.journal.read(day);
    for (const std::string& domain : wanted) {
      const auto found = notes.tally.domains().find(domain);
      if (found == notes.tally.domains().end() || notes.is_settled(domain, Journal::everything)) continue;
      const ReportHead head{*options, reports.hostname(), domain, day, WallTime::now()};
      const auto json = report_json(head, found->second);
      auto gzipped = gzip(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
      if (!gzipped) continue;
      Parcel parcel{day, domain, std::move(*gzipped), head.now, head.is_partial(), {}};
      for (const auto& [whose, target] : notes.settled)
        if (whose == domain) parcel.settled.push_back(target);
      parcels.push_back(std::move(parcel));
    }
    return parcels;
  };
  co_return co_await helpers_.run(std::move(work));
}

Task<Sender::Outcome> Sender::send(Parcel parcel) {
  auto answer = co_await dns_.look_up(rua_name(parcel.domain), dns::RecordType::txt, Deadline::after(look_up_wait),
                                      scope_.cancel());
  if (!answer && answer.error().kind != ErrorKind::invalid) co_return Outcome::again;
  const auto record = answer ? parse_rua_records(answer->records) : std::nullopt;
  Outcome outcome = Outcome::done;
  if (record) {
    for (const ReportTarget& target : record->targets) {
      if (std::ranges::find(parcel.settled, target.uri) != parcel.settled.end()) continue;
      const Outcome sent = co_await send_to(parcel, target);
      if (sent == Outcome::again) outcome = Outcome::again;
    }
  }
  if (outcome == Outcome::done) co_await settle(parcel, Journal::everything);
  co_return outcome;
}

Task<Sender::Outcome> Sender::send_to(const Parcel& parcel, const ReportTarget& target) {
  Result<void> sent;
  if (target.kind == ReportTarget::Kind::mail) {
    sent = co_await send_mail(parcel, target);
  } else {
    sent = co_await send_https(parcel, target);
  }
  Event event(sent ? EventKind::debug : EventKind::warning);
  event.field("operation", sent ? "sent a TLS report" : "sending a TLS report")
      .field("domain", parcel.domain)
      .field("to", target.uri);
  if (!sent) event.error(sent.error());
  event.emit();
  if (!sent) co_return Outcome::again;
  co_await settle(parcel, target.uri);
  co_return Outcome::done;
}

Task<Result<void>> Sender::send_mail(const Parcel& parcel, const ReportTarget& target) {
  auto upload = shard_.begin_upload();
  if (!upload) co_return propagate(upload);
  const auto options = reports_.options.get();
  const ReportHead head{*options, reports_.hostname(), parcel.domain, parcel.day, parcel.made};
  auto mail = compose_report_mail(head, parcel.gzipped, target.mail, upload->id());
  if (!mail) co_return propagate(mail);
  std::vector<io::Slice> octets;
  octets.push_back(io::Slice::copy_of(mail->octets));
  auto appended = co_await upload->append(std::move(octets));
  if (!appended) co_return propagate(appended);
  const std::string from = mail->envelope.reverse_path.text();
  auto committed = co_await upload->commit(std::move(mail->envelope), mail->facts, std::string());
  if (!committed) co_return propagate(committed);
  Event(EventKind::queue)
      .message(*committed)
      .field("from", from)
      .field("to", target.mail)
      .field("size", mail->octets.size())
      .field("reason", "tls report")
      .emit();
  co_return Result<void>{};
}

Task<Result<void>> Sender::send_https(const Parcel& parcel, const ReportTarget& target) {
  lookup::HttpRequest request;
  request.url = target.uri;
  request.content_type = "application/tlsrpt+gzip";
  request.body = parcel.gzipped;
  auto v4 = co_await dns_.look_up(target.host, dns::RecordType::a, Deadline::after(look_up_wait), scope_.cancel());
  auto v6 = co_await dns_.look_up(target.host, dns::RecordType::aaaa, Deadline::after(look_up_wait), scope_.cancel());
  add_addresses(v4, request.addresses);
  add_addresses(v6, request.addresses);
  if (request.addresses.empty()) co_return fail(ErrorKind::unavailable, "no address of " + target.host);
  lookup::HttpLimits limits;
  limits.body_octets_max = answer_octets_max;
  limits.ca_file = reports_.options.get()->ca_file;
  auto work = [&http = http_, asked = std::move(request), limits] { return http(asked, limits); };
  auto response = co_await helpers_.run(std::move(work));
  if (!response) co_return propagate(response);
  if (!*response) co_return propagate(*response);
  const int status = (*response)->status;
  if (status >= good_status_min && status <= good_status_max) co_return Result<void>{};
  co_return fail(ErrorKind::unavailable, "HTTP status " + std::to_string(status));
}

/// A report of a day that is not over settles nothing.
Task<> Sender::settle(const Parcel& parcel, std::string target) {
  if (parcel.is_partial) co_return;
  auto work = [&journal = reports_.journal, day = parcel.day, domain = parcel.domain, where = std::move(target)] {
    return journal.settle(day, domain, where);
  };
  auto noted = co_await helpers_.run(std::move(work));
  const Error* error = !noted ? &noted.error() : !*noted ? &noted->error() : nullptr;
  if (error == nullptr) co_return;
  Event(EventKind::warning)
      .field("operation", "noting that a TLS report was sent; after a restart it may be sent again")
      .error(*error)
      .emit();
}

}  // namespace ringpost::tlsrpt
