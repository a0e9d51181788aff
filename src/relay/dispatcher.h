// Delivers the mail of one worker. When the scheduler says that a destination has something ready, delivery tasks
// start, up to its limits; each takes an Attempt, delivers it, finishes it with a status for every recipient, and takes
// the next over the same connection until nothing is ready, the connection has carried enough messages, or there is
// trouble. A connection without work is kept for a moment, then QUIT.
//
// Destinations of one site share connections where their domains' wishes let them, and stand in one line where there
// are not enough (site.h).
//
// A destination nobody answers at is down: its mail waits 5 seconds, doubling to 15 minutes, then one task probes it,
// and only when that one gets through the others follow. Where other connections to it still work, and where it asks
// for less, the site bears fewer connections for now. A page of its own: docs/scheduler.md.
//
// One per worker, on its core. Source of the probing: the half-open state of M. Nygard, "Release It!", circuit breaker.
// Standards: RFC 5321 4.5.4.1 (hosts that are down are remembered).
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/offload.h"
#include "io/scope.h"
#include "io/wait_queue.h"
#include "queue/queue.h"
#include "relay/connection_pool.h"
#include "relay/connector.h"
#include "relay/destination.h"
#include "relay/maildir_delivery.h"
#include "relay/mx_hosts.h"
#include "relay/options.h"
#include "relay/reply_rules.h"
#include "relay/route.h"
#include "relay/site.h"
#include "relay/site_limits.h"
#include "relay/smtp_delivery.h"

namespace ringpost::relay {

class Dispatcher final : private queue::ReadyListener {
 public:
  /// All but `options` outlive it. close() is awaited before it is destroyed. `observer`: as of Connector.
  Dispatcher(queue::Shard& shard, Resolver& resolver, io::OffloadPool& helpers,
             std::shared_ptr<const RouteTable> routes, SiteLimits& limits, const Options& options,
             tlsrpt::Observer* observer = nullptr);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void start();
  /// Starts nothing new until resume(). True when nothing is left in progress, false when something still is after
  /// `patience`.
  io::Task<bool> pause(Duration patience);
  void resume();
  /// From now on mail goes by these. What is being transmitted is finished as it began, over connections that are used
  /// no more afterwards.
  void reconfigure(std::shared_ptr<const RouteTable> routes, const std::vector<ReplyRule>& rules, const Waits& waits);
  /// Takes nothing more; transactions in progress get closing_patience (after pause(): nothing more), then are broken
  /// off and their mail stays queued.
  io::Task<> close();

  std::size_t tasks() const noexcept { return tasks_; }
  /// Nothing is being delivered, and nothing could be now.
  bool is_idle() const;

  static constexpr Duration closing_patience = std::chrono::seconds(5);
  static constexpr Duration place_retry = std::chrono::milliseconds(100);

 private:
  struct PlaceTimer final : io::Timer {
    explicit PlaceTimer(Dispatcher& dispatcher) noexcept : owner(dispatcher) {}
    void on_timer() noexcept override { owner.retry_places(); }
    Dispatcher& owner;
  };
  using Connection = std::unique_ptr<OutboundConnection>;
  friend struct Destination;
  friend struct Site;

  void on_ready(const std::string& key) override;
  std::vector<queue::Gate> gates(const std::string& key) const override;
  Destination& destination(const std::string& key);
  void attend(Destination& here);
  void pump(Destination& here);
  bool may_start(const Destination& here) const;
  bool may_leave(Destination& here);
  bool may_go(Destination& here, RateLimit& limit, const Rate& rate);
  void retry_places() noexcept;
  void forget_quiet_destinations();
  void forget_replaced_destinations();

  Site& site_of(const Destination& here);
  void drop_if_quiet(const std::string& site);
  bool knows_site(Destination& here, MonotonicTime now);
  bool takes_from_allowance(Destination& here, Site& site, Connection& connection, ConnectionLimit::Place& place);
  io::Task<> find_site(Destination& here);
  void stand_in_line(Site& site, Destination& here);
  std::list<Destination*>::iterator leave_line(Site& site, std::list<Destination*>::iterator at);
  void serve_line(Site& site);
  bool serve_next(Site& site, Destination& here, bool is_first, MonotonicTime now);
  Connection take_idle(const Destination& here, MonotonicTime now);
  bool get_place(Destination& here, Site& site, ConnectionLimit::Place& place, MonotonicTime now);
  bool take_over_a_place(Site& site, Destination& here);
  bool works_for(const Destination& here, const Site& site) const;

  void start_task(Destination& here, Site& site, Connection connection, ConnectionLimit::Place place);
  io::Task<> serve(Destination& here, Site& site, Connection connection, ConnectionLimit::Place place);
  io::Task<bool> deliver(Destination& here, Site& site, queue::Attempt& attempt, Connection& connection,
                         ConnectionLimit::Place& place);
  io::Task<bool> deliver_by_network(Destination& here, Site& site, queue::Attempt& attempt, Connection& connection,
                                    ConnectionLimit::Place& place);
  io::Task<Result<void>> open_connection(Destination& here, Site& site, Connection& connection,
                                         ConnectionLimit::Place& place);
  void give_back(Destination& here, Site& site, queue::Attempt& attempt, const Error& error);
  io::Task<> close_connection(Site& site, Connection& connection, ConnectionLimit::Place& place);
  void part_with(Destination& here, Site& site, Connection connection);
  /// `usable`: the conversation was not broken off.
  void note_outcome(Destination& here, Site& site, const TransactionOutcome& outcome, bool usable);
  bool note_failure(Destination& here, Site& site, const Error& error);
  void note_slow_down(Destination& here, Site& site, const std::string& why);
  bool has_too_many(const Destination& here, const Site& site) const;
  void end_task(Destination& here, Site& site);

  queue::Shard& shard_;
  io::Reactor& reactor_;
  std::shared_ptr<const RouteTable> routes_;
  SiteLimits& limits_;
  Options options_;  // of which `waits` may change
  std::shared_ptr<const ReplyRules> rules_;
  Connector connector_;
  MaildirDelivery maildir_;
  io::Scope scope_;
  ConnectionPool pool_;
  io::WaitQueue task_ended_;
  std::unordered_map<std::string, std::unique_ptr<Destination>> destinations_;
  std::vector<std::unique_ptr<Destination>> replaced_;            // until their tasks have ended
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;  // where somebody works or waits
  PlaceTimer place_timer_{*this};
  std::size_t tasks_ = 0;
  bool paused_ = false;    // nothing new is started
  bool stopping_ = false;  // nor will it be again
};

}  // namespace ringpost::relay
