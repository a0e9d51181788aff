// The MTA-STS policies of the domains that one worker sends to: asked for by DNS and HTTPS, kept in memory and on disk
// for as long as they say. A policy that is in force stays so while neither DNS nor HTTPS answer: whoever can suppress
// answers must not lift it.
//
// One core; bounded in memory by domains_max, on disk by StsStore. Standards: RFC 8461 3.3, 5.1.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "io/offload.h"
#include "io/wait_queue.h"
#include "lookup/http_client.h"
#include "relay/mx_hosts.h"
#include "relay/sts_store.h"
#include "tlsrpt/session.h"

namespace ringpost::relay {

class StsPolicies {
 public:
  using Policy = std::shared_ptr<const StsPolicy>;
  using Http = std::function<Result<lookup::HttpResponse>(const lookup::HttpRequest&, const lookup::HttpLimits&)>;
  static constexpr std::size_t domains_max = 1'000;
  static constexpr Duration fetched_again_after = std::chrono::minutes(5);  // where that failed

  /// The first three outlive it. `folder` is made when it is needed.
  StsPolicies(io::Reactor& reactor, Resolver& resolver, io::OffloadPool& helpers, std::string folder,
              Http http = lookup::http_request)
      : resolver_(resolver), helpers_(helpers), store_(std::move(folder)), http_(std::move(http)), done_(reactor) {}

  /// The policy in force for `domain`; null: none. `ca_file`: whom its web server's certificate must be of; empty: the
  /// system's authorities. Errors: cancelled.
  io::Task<Result<Policy>> find(std::string domain, std::string ca_file, io::Cancel cancel);
  /// Why the policy that `domain` has announced could not be had, when find() was asked last; nothing: it could, or
  /// there is none.
  std::optional<tlsrpt::FailureKind> problem_of(const std::string& domain) const;

 private:
  struct Entry {
    std::string domain;
    std::shared_ptr<const StoredSts> stored;  // null: none
    MonotonicTime retry{};                    // not fetched before
    MonotonicTime used{};
    std::optional<tlsrpt::FailureKind> problem;  // of the last fetch
    bool read = false;                           // from disk
    bool busy = false;                           // somebody asks
  };
  std::shared_ptr<Entry> entry(const std::string& domain);
  io::Task<Result<void>> refresh(std::shared_ptr<Entry> entry, std::string ca_file, io::Cancel cancel);
  io::Task<Result<void>> fetch(std::shared_ptr<Entry> entry, std::string id, std::string ca_file, io::Cancel cancel);

  Resolver& resolver_;
  io::OffloadPool& helpers_;
  const StsStore store_;
  const Http http_;
  io::WaitQueue done_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace ringpost::relay
