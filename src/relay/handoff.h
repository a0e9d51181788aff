// What this node still holds goes to its siblings before it leaves: everything queued, due or not, over SMTP with what
// the queue knows of it (smtp/handoff.h). It takes the dispatcher's place at the scheduler, so it runs when the
// listeners and the dispatcher are closed, and the shard is closed behind it.
//
// A message leaves our queue when a sibling has said 250 to it, which is the same durable promise that we gave, and not
// before. Nothing else that happens here is a verdict: no bounce, no delay notice, no success report and no retry time
// comes of it. What a sibling refuses for good, and what no sibling takes, stays where it lies for the next start.
// Nothing is given to a host that does not offer XHANDOFF: it would be a stranger. An operator's marks hold: what is
// held or suspended is not moved.
//
// A connection that breaks behind the final dot leaves that message in doubt, as everywhere in SMTP: it is handed over
// again, and may be there twice.
//
// One per worker, on its core. docs/decisions/0022-handoff.md.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/offload.h"
#include "io/scope.h"
#include "io/wait_queue.h"
#include "queue/queue.h"
#include "relay/connector.h"
#include "relay/mx_hosts.h"
#include "relay/options.h"
#include "relay/outbound_connection.h"
#include "relay/reply_rules.h"
#include "relay/sibling_table.h"
#include "relay/smtp_delivery.h"

namespace ringpost::relay {

class HandOff final : private queue::ReadyListener {
 public:
  struct Report {
    std::uint64_t handed = 0;   // messages taken, counted once for each transaction
    std::uint64_t refused = 0;  // messages that a sibling refused for good, the same way
    std::string trouble;        // the last thing that went wrong; empty: nothing did
  };

  /// All but `options` outlive it.
  HandOff(queue::Shard& shard, Resolver& resolver, io::OffloadPool& helpers, const Options& options);
  ~HandOff();
  HandOff(const HandOff&) = delete;
  HandOff& operator=(const HandOff&) = delete;

  /// Once. Returns when nothing is left to hand over, when no sibling has taken or refused anything for
  /// `give_up_after`, or at the deadline; transactions in progress are then broken off. How much is left the queue
  /// knows.
  io::Task<Report> run(io::Deadline deadline, io::Cancel cancel);

  static constexpr std::uint32_t failures_max = 5;                // of one message, then it stays
  static constexpr std::size_t refused_max = 10'000;              // then we are no siblings, whatever they say
  static constexpr std::uint32_t messages_per_connection = 1000;  // then another sibling has its turn
  static constexpr Duration look_again = std::chrono::milliseconds(50);

 private:
  using Connection = std::unique_ptr<OutboundConnection>;

  void on_ready(const std::string& destination) override;
  std::optional<queue::Attempt> take();
  bool is_over() const;
  io::Task<> carry();
  io::Task<> hand_over(queue::Attempt& attempt, Connection& connection);
  /// Returns whether all that was tried was taken.
  bool settle(queue::Attempt& attempt, TransactionOutcome outcome, const std::string& remote);
  void settle_refused(queue::Attempt& attempt, const std::vector<std::uint32_t>& recipients);
  io::Task<Connection> connect();
  io::Task<Connection> connect_to(NextHop sibling, std::size_t turn);
  io::Task<Connection> try_address(NextHop sibling, io::SocketAddress address);
  io::Task<> part_with(Connection connection, bool in_trouble);
  void note_trouble(std::string why);

  queue::Shard& shard_;
  io::Reactor& reactor_;
  Resolver& resolver_;
  const Options options_;  // with shorter waits: the node is leaving
  const ReplyRules rules_;
  Connector connector_;
  Delivery delivery_;  // how a sibling is reached; its hops are the siblings
  SiblingTable siblings_;
  io::Scope scope_;
  io::WaitQueue news_;
  std::deque<std::string> ready_;  // destinations, each has its turn
  std::unordered_set<std::string> is_ready_;
  std::unordered_map<MessageId, std::uint32_t> failures_;
  std::optional<MonotonicTime> stuck_since_;  // something went wrong then, and nothing was taken or refused since
  std::uint32_t tasks_ = 0;
  std::uint32_t in_hand_ = 0;  // attempts under way
  bool over_ = false;
  Report report_;
};

}  // namespace ringpost::relay
