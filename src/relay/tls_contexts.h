// The TLS contexts of one worker, one for each distinct set of options its routes have: made on a helper thread when
// first needed, because that reads and parses certificate stores, and made again after an hour, so that files that were
// replaced are noticed. Where that fails the old one stays in use. Connections keep theirs alive.
//
// One core. Bounded by the number of routes.
#pragma once

#include <memory>
#include <vector>

#include "io/offload.h"
#include "io/wait_queue.h"
#include "tls/client_context.h"

namespace ringpost::relay {

class TlsContexts {
 public:
  using Context = std::shared_ptr<tls::ClientContext>;
  static constexpr Duration kept = std::chrono::hours(1);
  static constexpr Duration retry = std::chrono::minutes(1);  // where a new one could not be made

  /// Both outlive it.
  TlsContexts(io::Reactor& reactor, io::OffloadPool& helpers) noexcept : helpers_(helpers), made_(reactor) {}
  /// Errors: those of tls::ClientContext::create(); unavailable (no helper thread), cancelled.
  io::Task<Result<Context>> get(tls::ClientOptions options, io::Cancel cancel);

 private:
  struct Entry {
    explicit Entry(tls::ClientOptions its_options) : options(std::move(its_options)) {}
    const tls::ClientOptions options;
    Context context;  // empty: none yet
    MonotonicTime until{};
    bool in_the_making = false;
  };
  Entry& entry(const tls::ClientOptions& options);
  io::Task<Result<void>> make(Entry& entry);

  io::OffloadPool& helpers_;
  io::WaitQueue made_;
  std::vector<std::unique_ptr<Entry>> entries_;  // their addresses are kept across waits
};

}  // namespace ringpost::relay
