// Sends the reports of days that are over: each at a time of its own in the hours after midnight UTC, so that not the
// whole world's reports arrive at once. By mail it goes into our own queue and is done; a web server that does not take
// it is asked again, at growing intervals, for a day. What went where is in the journal, so that a restart repeats
// nothing; a crash between sending and noting may send one report twice.
//
// One for the process, on the core of one worker. Bounded by the domains of the days that are not done.
// Standards: RFC 8460 4.1 (when), 5.3, 5.4 (how).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "io/offload.h"
#include "io/scope.h"
#include "lookup/http_client.h"
#include "queue/queue.h"
#include "tlsrpt/reports.h"
#include "tlsrpt/rua_record.h"

namespace ringpost::tlsrpt {

class Sender {
 public:
  using Http = std::function<Result<lookup::HttpResponse>(const lookup::HttpRequest&, const lookup::HttpLimits&)>;
  static constexpr Duration spread = std::chrono::hours(4);  // over these after midnight
  static constexpr Duration tried_for = std::chrono::hours(24);

  /// All outlive it. close() is awaited before it is destroyed.
  Sender(queue::Shard& shard, dns::Resolver& dns, io::OffloadPool& helpers, Reports& reports,
         Http http = lookup::http_request)
      : shard_(shard),
        reactor_(shard.reactor()),
        dns_(dns),
        helpers_(helpers),
        reports_(reports),
        http_(std::move(http)),
        scope_(reactor_) {}

  void start() { scope_.spawn(run()); }
  io::Task<> close() { return scope_.close(); }

  /// When the report of `domain` is due on this machine: the same at each call.
  static WallTime due(Day day, const std::string& domain, const std::string& hostname);

 private:
  /// A report that is to be sent.
  struct Pending {
    Day day;
    std::string domain;
    WallTime next;
    unsigned tries = 0;
  };
  /// One that is being sent.
  struct Parcel {
    Day day;
    std::string domain;
    std::string gzipped;
    WallTime made;  // when
    bool is_partial = false;
    std::vector<std::string> settled;  // targets
  };
  enum class Outcome : std::uint8_t { done, again };

  io::Task<> run();
  io::Task<> plan(Day today);
  io::Task<> send_due(WallTime now);
  io::Task<> carry_out(SendOrder order);
  io::Task<Result<std::vector<Parcel>>> wrap(Day day, std::vector<std::string> domains);
  io::Task<Outcome> send(Parcel parcel);
  io::Task<Outcome> send_to(const Parcel& parcel, const ReportTarget& target);
  io::Task<Result<void>> send_mail(const Parcel& parcel, const ReportTarget& target);
  io::Task<Result<void>> send_https(const Parcel& parcel, const ReportTarget& target);
  io::Task<> settle(const Parcel& parcel, std::string target);
  void put_off(Pending& pending, WallTime now);

  queue::Shard& shard_;
  io::Reactor& reactor_;
  dns::Resolver& dns_;
  io::OffloadPool& helpers_;
  Reports& reports_;
  const Http http_;
  Day planned_;  // the day that pending_ was made on
  std::vector<Pending> pending_;
  io::Scope scope_;
};

}  // namespace ringpost::tlsrpt
