#include "relay/sts_policies.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "telemetry/log.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr std::uint16_t https_port = 443;
constexpr Duration look_up_wait = std::chrono::seconds(10);
constexpr int found_status = 200;

lookup::HttpLimits limits_with(std::string ca_file) {
  return {.body_octets_max = StsPolicy::octets_max, .ca_file = std::move(ca_file)};
}

std::int64_t seconds_now() noexcept {
  return WallTime::now().milliseconds / 1000;
}

void warn(const std::string& operation, const std::string& domain, const Error& error) {
  telemetry::Event(telemetry::EventKind::warning)
      .field("operation", operation)
      .field("domain", domain)
      .error(error)
      .emit();
}

Result<StoredSts> stored_of(Result<lookup::HttpResponse> response, std::string id) {
  if (!response) return propagate(response);
  if (response->status != found_status) {
    return fail(ErrorKind::unavailable, "HTTP status " + std::to_string(response->status));
  }
  auto policy = parse_sts_policy(response->body);
  if (!policy) return fail(ErrorKind::invalid, "not a policy");
  return StoredSts{
      .id = std::move(id), .fetched = seconds_now(), .text = std::move(response->body), .policy = std::move(*policy)};
}

tlsrpt::FailureKind kind_of(const Error& error) noexcept {
  if (error.kind == ErrorKind::invalid) return tlsrpt::FailureKind::sts_policy_invalid;
  if (error.status == lookup::bad_server_certificate) return tlsrpt::FailureKind::sts_webpki_invalid;
  return tlsrpt::FailureKind::sts_policy_fetch_error;
}

}  // namespace

std::shared_ptr<StsPolicies::Entry> StsPolicies::entry(const std::string& domain) {
  auto& known = entries_[domain];
  if (!known) {
    known = std::make_shared<Entry>();
    known->domain = domain;
  }
  known->used = monotonic_now();
  auto kept = known;
  if (entries_.size() > domains_max) {
    const auto oldest = std::ranges::min_element(entries_, {}, [](const auto& each) { return each.second->used; });
    entries_.erase(oldest);  // whoever is busy with it holds it
  }
  return kept;
}

Task<Result<StsPolicies::Policy>> StsPolicies::find(std::string domain, std::string ca_file, Cancel cancel) {
  const std::shared_ptr<Entry> wanted = entry(domain);
  while (wanted->busy) {
    const int waited = co_await done_.wait(Deadline::never(), cancel);
    if (waited != 0) co_return fail(ErrorKind::cancelled, "waiting for an MTA-STS policy");
  }
  wanted->busy = true;
  auto refreshed = co_await refresh(wanted, std::move(ca_file), cancel);
  wanted->busy = false;
  done_.notify_all();
  if (!refreshed) co_return propagate(refreshed);
  const auto stored = wanted->stored;
  if (!stored || stored->expired(seconds_now())) co_return Policy{};
  co_return Policy(stored, &stored->policy);
}

std::optional<tlsrpt::FailureKind> StsPolicies::problem_of(const std::string& domain) const {
  const auto known = entries_.find(domain);
  return known == entries_.end() ? std::nullopt : known->second->problem;
}

Task<Result<void>> StsPolicies::refresh(std::shared_ptr<Entry> entry, std::string ca_file, Cancel cancel) {
  if (!entry->read) {
    auto work = [&store = store_, domain = entry->domain] { return store.read(domain); };
    auto stored = co_await helpers_.run(std::move(work));
    entry->read = stored.has_value();
    if (stored && *stored) entry->stored = std::make_shared<const StoredSts>(std::move(**stored));
  }
  const std::string name = "_mta-sts." + entry->domain;
  auto answer = co_await resolver_.ask(name, dns::RecordType::txt, Deadline::after(look_up_wait), cancel);
  if (!answer && answer.error().kind == ErrorKind::cancelled) co_return propagate(answer);
  std::optional<std::string> id = answer ? parse_sts_records(answer->records) : std::nullopt;
  if (!id) entry->problem.reset();
  if (!id || monotonic_now() < entry->retry) co_return Result<void>{};
  if (entry->stored && entry->stored->id == *id && !entry->stored->expired(seconds_now())) co_return Result<void>{};
  co_return co_await fetch(std::move(entry), std::move(*id), std::move(ca_file), cancel);
}

Task<Result<void>> StsPolicies::fetch(std::shared_ptr<Entry> entry, std::string id, std::string ca_file,
                                      Cancel cancel) {
  const std::string host = "mta-sts." + entry->domain;
  auto found = co_await resolver_.host(host, https_port, Deadline::after(look_up_wait), cancel);
  if (!found && found.error().kind == ErrorKind::cancelled) co_return propagate(found);
  Result<StoredSts> fetched = found ? Result<StoredSts>() : propagate(found);
  if (found) {
    lookup::HttpRequest request{.url = "https://" + host + "/.well-known/mta-sts.txt"};
    for (const io::SocketAddress& address : found->addresses) request.addresses.push_back(address.host());
    auto work = [&http = http_, request = std::move(request), limits = limits_with(std::move(ca_file))] {
      return http(request, limits);
    };
    auto response = co_await helpers_.run(std::move(work));
    fetched = response ? stored_of(std::move(*response), std::move(id)) : propagate(response);
  }
  if (!fetched) {
    entry->retry = monotonic_now() + fetched_again_after;
    entry->problem = kind_of(fetched.error());
    warn("fetching the MTA-STS policy; what was in force stays so", entry->domain, fetched.error());
    co_return Result<void>{};
  }
  entry->problem.reset();
  entry->stored = std::make_shared<const StoredSts>(std::move(*fetched));
  auto work = [&store = store_, domain = entry->domain, stored = entry->stored] {
    return store.write(domain, *stored);
  };
  auto written = co_await helpers_.run(std::move(work));
  Error* error = !written ? &written.error() : !*written ? &written->error() : nullptr;
  if (error != nullptr) warn("keeping the MTA-STS policy on disk", entry->domain, *error);
  co_return Result<void>{};
}

}  // namespace ringpost::relay
