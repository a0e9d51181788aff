// One worker's notes of its sessions, written to the journal every few seconds by a helper thread: a crash loses no
// more than that. Of domains that ask for no reports nothing is written: each is asked once a day. What cannot be
// asked now is written all the same, and the sender asks again.
//
// One core. Bounded: Tally's limits, and domains_known_max.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "dns/resolver.h"
#include "io/offload.h"
#include "io/scope.h"
#include "tlsrpt/reports.h"
#include "tlsrpt/session.h"

namespace ringpost::tlsrpt {

class Collector final : public Observer {
 public:
  static constexpr Duration written_every = std::chrono::seconds(3);
  static constexpr std::size_t domains_known_max = 10'000;

  /// All outlive it. close() is awaited before it is destroyed.
  Collector(io::Reactor& reactor, dns::Resolver& dns, io::OffloadPool& helpers, Reports& reports)
      : reactor_(reactor),
        dns_(dns),
        helpers_(helpers),
        reports_(reports),
        options_(reports.options),
        scope_(reactor) {}

  void start() { scope_.spawn(run()); }
  void note(Session session) override;
  /// What was noted is written first.
  io::Task<> close();

 private:
  io::Task<> run();
  io::Task<> write_all(bool may_ask);
  io::Task<> write(Day day, Tally tally, bool may_ask);
  io::Task<> ask(std::string domain, Day day);

  io::Reactor& reactor_;
  dns::Resolver& dns_;
  io::OffloadPool& helpers_;
  Reports& reports_;
  Current<const Options>::View options_;
  std::map<Day, Tally> noted_;
  struct Known {
    Day day;  // that it is known for
    bool wants = false;
  };
  std::unordered_map<std::string, Known> known_;
  io::Scope scope_;
};

/// The name to ask for a domain's record.
inline std::string rua_name(const std::string& domain) {
  return "_smtp._tls." + domain;
}

}  // namespace ringpost::tlsrpt
