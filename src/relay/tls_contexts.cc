#include "relay/tls_contexts.h"

#include <algorithm>
#include <utility>

#include "telemetry/log.h"

namespace ringpost::relay {

using io::Task;

TlsContexts::Entry& TlsContexts::entry(const tls::ClientOptions& options) {
  const auto known = std::ranges::find_if(entries_, [&](const auto& each) { return each->options == options; });
  if (known != entries_.end()) return **known;
  return *entries_.emplace_back(std::make_unique<Entry>(options));
}

Task<Result<TlsContexts::Context>> TlsContexts::get(tls::ClientOptions options, io::Cancel cancel) {
  Entry& wanted = entry(options);
  while (!wanted.context && wanted.in_the_making) {
    const int waited = co_await made_.wait(io::Deadline::never(), cancel);
    if (waited != 0) co_return fail(ErrorKind::cancelled, "waiting for a TLS context");
  }
  if (!wanted.in_the_making && monotonic_now() >= wanted.until) {
    auto made = co_await make(wanted);
    if (!made) co_return propagate(made);
  }
  co_return wanted.context;
}

Task<Result<void>> TlsContexts::make(Entry& entry) {
  entry.in_the_making = true;
  auto work = [options = entry.options] { return tls::ClientContext::create(options); };
  auto made = co_await helpers_.run(std::move(work));
  entry.in_the_making = false;
  made_.notify_all();
  Error* error = !made ? &made.error() : !*made ? &made->error() : nullptr;
  if (error == nullptr) {
    entry.context = std::move(**made);
    entry.until = monotonic_now() + kept;
    co_return Result<void>{};
  }
  if (!entry.context) co_return std::unexpected(std::move(*error));
  telemetry::Event(telemetry::EventKind::warning)
      .field("operation", "renewing what TLS to next hops is told; the old stays in use")
      .error(*error)
      .emit();
  entry.until = monotonic_now() + retry;
  co_return Result<void>{};
}

}  // namespace ringpost::relay
