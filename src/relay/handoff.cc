#include "relay/handoff.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/random.h"
#include "relay/attempt_work.h"
#include "smtp/handoff.h"
#include "telemetry/log.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::Task;
using std::chrono::seconds;

namespace {

Options hurried(Options options) {
  const auto at_most = [](Duration& wait, Duration limit) { wait = std::min(wait, limit); };
  Waits& waits = options.waits;
  at_most(waits.connect, seconds(5));
  at_most(waits.greeting, seconds(10));
  at_most(waits.command, seconds(30));
  at_most(waits.data_initiation, seconds(30));
  at_most(waits.data_block, seconds(60));
  at_most(waits.data_termination, seconds(60));
  return options;
}

/// A message as a sibling is to get it: as its sender gave it to us. Those of its recipients that share what the sender
/// has heard.
class HandedWork final : public Work {
 public:
  explicit HandedWork(queue::Attempt& attempt) noexcept : work_(attempt), attempt_(attempt) {
    const bool told = attempt.delay_told(attempt.recipients().front());
    for (const std::uint32_t recipient : attempt.recipients())
      if (attempt.delay_told(recipient) == told) recipients_.push_back(recipient);
  }
  const queue::Message& message() const override { return work_.message(); }
  const std::vector<std::uint32_t>& recipients() const override { return recipients_; }
  std::unique_ptr<smtp::BodySource> body() override { return work_.body(); }
  Task<Result<void>> begun() override { return work_.begun(); }
  bool is_handed_over() const override { return true; }
  smtp::Provenance provenance() const {
    const mail::Envelope& envelope = message().envelope;
    return {message().id,      envelope.received,   envelope.origin,    attempt_.delay_told(recipients_.front()),
            envelope.priority, envelope.not_before, envelope.deliver_by};
  }

 private:
  AttemptWork work_;
  queue::Attempt& attempt_;
  std::vector<std::uint32_t> recipients_;
};

/// The sibling itself is in trouble (its disk, its load, the connection), not this message.
bool is_about_the_sibling(const mail::DeliveryStatus& status) noexcept {
  const auto subject = status.status.enhanced.subject;
  return status.action == mail::Action::deferred && !status.remote.empty() && (subject == 3 || subject == 4);
}

}  // namespace

HandOff::HandOff(queue::Shard& shard, Resolver& resolver, io::OffloadPool& helpers, const Options& options)
    : shard_(shard),
      reactor_(shard.reactor()),
      resolver_(resolver),
      options_(hurried(options)),
      rules_(std::vector<ReplyRule>()),
      connector_(reactor_, resolver, helpers, options_),
      scope_(reactor_),
      news_(reactor_) {
  for (const std::string& text : options_.handoff.siblings)
    if (auto sibling = parse_next_hop(text)) delivery_.hops.push_back({std::move(*sibling), {}});
  delivery_.tls = options_.handoff.tls;
  delivery_.tls_options = options_.handoff.tls_options;
  delivery_.mta_sts = false;
}

HandOff::~HandOff() = default;

Task<HandOff::Report> HandOff::run(Deadline deadline, Cancel cancel) {
  if (delivery_.hops.empty()) {
    report_.trouble = "there are no siblings: [handoff] siblings is empty";
    co_return report_;
  }
  shard_.scheduler().set_listener(this);
  shard_.scheduler().offer_everything();
  tasks_ = std::max<std::uint32_t>(1, options_.handoff.connections_max);
  for (std::uint32_t i = tasks_; i > 0; --i) scope_.spawn(carry());
  while (tasks_ > 0) {
    const int waited = co_await news_.wait(deadline, cancel);
    if (waited != 0) break;
  }
  over_ = true;
  if (tasks_ > 0) note_trouble("the time is up");
  co_await scope_.close();
  shard_.scheduler().set_listener(nullptr);
  telemetry::Event(telemetry::EventKind::drain)
      .field("operation", "handoff")
      .field("messages", report_.handed)
      .field("count", report_.refused)
      .field("reason", report_.trouble)
      .emit();
  co_return report_;
}

// Called in the reactor's turn, from the scheduler's list of offers.
void HandOff::on_ready(const std::string& destination) {
  if (is_ready_.insert(destination).second) ready_.push_back(destination);
  news_.notify_all();
}

std::optional<queue::Attempt> HandOff::take() {
  constexpr std::uint32_t recipients_max = 100;  // RFC 5321 4.5.3.1.8: everybody takes as many
  while (!ready_.empty()) {
    std::string destination = std::move(ready_.front());
    ready_.pop_front();
    auto attempt = shard_.scheduler().take(destination, recipients_max);
    if (attempt && shard_.scheduler().has_ready(destination)) {
      ready_.push_back(std::move(destination));
    } else {
      is_ready_.erase(destination);
    }
    if (attempt) return attempt;
  }
  return std::nullopt;
}

bool HandOff::is_over() const {
  const bool stuck = stuck_since_ && monotonic_now() - *stuck_since_ >= options_.handoff.give_up_after;
  return over_ || stuck || report_.refused >= refused_max;
}

void HandOff::note_trouble(std::string why) {
  if (!stuck_since_) stuck_since_ = monotonic_now();
  report_.trouble = std::move(why);
}

Task<> HandOff::carry() {
  Connection connection;
  while (!is_over()) {
    auto attempt = take();
    if (!attempt) {
      if (in_hand_ == 0 && shard_.scheduler().is_exhausted()) break;
      const int waited = co_await news_.wait(Deadline::after(look_again), scope_.cancel());
      if (waited == -ECANCELED) break;
      continue;
    }
    ++in_hand_;
    if (!connection) connection = co_await connect();
    if (connection && attempt->withdraw_covered()) {
      co_await hand_over(*attempt, connection);
    } else {
      attempt->finish({});
    }
    if (!connection) co_await io::Sleep(reactor_, Deadline::after(look_again), scope_.cancel());
    --in_hand_;
  }
  if (connection) co_await part_with(std::move(connection), false);
  --tasks_;
  news_.notify_all();
}

Task<> HandOff::hand_over(queue::Attempt& attempt, Connection& connection) {
  HandedWork work(attempt);
  auto command = smtp::handoff_command(work.provenance());
  if (!command) {
    note_trouble(command.error().reason);
    co_return settle_refused(attempt, work.recipients());
  }
  auto announced = co_await connection->client.command(std::move(*command), Deadline::never(), scope_.cancel());
  if (!announced || !announced->positive()) {
    note_trouble(connection->remote + ": " + (announced ? announced->one_line() : announced.error().reason));
    if (announced && announced->permanent()) co_return settle_refused(attempt, work.recipients());
    attempt.finish({});
    co_return co_await part_with(std::move(connection), true);
  }
  TransactionOutcome outcome = co_await deliver_over(*connection, work, rules_, scope_.cancel());
  const bool troubled = outcome.session_refused || !outcome.slow_down.empty() || !connection->client.usable() ||
                        std::ranges::any_of(outcome.statuses, is_about_the_sibling);
  bool all_taken = settle(attempt, std::move(outcome), connection->remote);
  if (!troubled && !all_taken) {
    // What is left of the transaction would swallow the next XHANDOFF.
    const auto reset = co_await connection->client.rset(Deadline::never(), scope_.cancel());
    all_taken = reset && reset->positive();
  }
  if (troubled || !all_taken) co_return co_await part_with(std::move(connection), true);
  if (connection->messages >= messages_per_connection) co_await part_with(std::move(connection), false);
}

void HandOff::settle_refused(queue::Attempt& attempt, const std::vector<std::uint32_t>& recipients) {
  ++report_.refused;
  stuck_since_.reset();
  attempt.set_aside(recipients);
  attempt.finish({});
}

bool HandOff::settle(queue::Attempt& attempt, TransactionOutcome outcome, const std::string& remote) {
  const MessageId id = attempt.message().id;
  Statuses taken;
  std::vector<std::uint32_t> refused, put_off;
  for (mail::DeliveryStatus& status : outcome.statuses) {
    if (status.action == mail::Action::delivered) {
      status.handover = mail::Handover::handed_off;
      taken.push_back(std::move(status));
      continue;
    }
    note_trouble((status.remote.empty() ? "" : remote + ": ") + status.diagnostic);
    (status.action == mail::Action::failed ? refused : put_off).push_back(status.recipient);
  }
  const bool all_taken = refused.empty() && put_off.empty();
  if (!taken.empty()) {
    ++report_.handed;
    siblings_.worked(remote);
    if (all_taken) failures_.erase(id);
  }
  // One that fails and fails must not be tried for ever, be it the message that breaks the sibling.
  const bool counts = !put_off.empty() && !outcome.session_refused;
  if (counts && (++failures_[id] >= failures_max || failures_.size() > refused_max)) {
    refused.insert(refused.end(), put_off.begin(), put_off.end());
  }
  if (!refused.empty()) {
    ++report_.refused;
    attempt.set_aside(refused);
  }
  if (!taken.empty() || !refused.empty()) stuck_since_.reset();
  attempt.finish(std::move(taken));
  return all_taken;
}

// The siblings in turn, so that all of them get their share.
Task<HandOff::Connection> HandOff::connect() {
  const std::size_t turn = siblings_.next_turn(), count = delivery_.hops.size();
  for (std::size_t i = 0; i < count && !scope_.closing(); ++i) {
    NextHop sibling = delivery_.hops[(turn + i) % count].next_hop;
    Connection connection = co_await connect_to(std::move(sibling), turn / count);
    if (connection) co_return std::move(connection);
  }
  if (!stuck_since_) note_trouble("no sibling can be reached");
  co_return Connection();
}

Task<HandOff::Connection> HandOff::connect_to(NextHop sibling, std::size_t turn) {
  const Deadline look_up_until = Deadline::after(options_.waits.connect);
  auto host = co_await resolver_.host(sibling.host, sibling.port, look_up_until, scope_.cancel());
  if (!host) {
    note_trouble(sibling.host + ": " + host.error().reason);
    co_return Connection();
  }
  const std::size_t count = host->addresses.size();
  for (std::size_t i = 0; i < count && !scope_.closing(); ++i) {
    const io::SocketAddress address = host->addresses[(turn + i) % count];
    Connection connection = co_await try_address(sibling, address);
    if (connection) co_return std::move(connection);
  }
  co_return Connection();
}

Task<HandOff::Connection> HandOff::try_address(NextHop sibling, io::SocketAddress address) {
  const std::string remote = remote_name(sibling.host, address);
  if (!siblings_.may_try(remote, monotonic_now())) co_return Connection();
  const bool implicit_tls = sibling.kind == NextHop::Kind::smtps;
  auto opened = co_await connector_.open_one(delivery_, sibling.host, address, implicit_tls, scope_.cancel());
  if (!opened) {
    siblings_.troubled(remote, monotonic_now());
    note_trouble(opened.error().reason);
    co_return Connection();
  }
  Connection connection = std::move(*opened);
  const std::string& token = connection->client.offered().handoff;
  if (!token.empty() && token != process_token()) co_return std::move(connection);
  // A name may stand for all nodes, and we are one of them.
  if (!token.empty()) siblings_.rule_out(remote);
  if (token.empty()) note_trouble(remote + " does not offer XHANDOFF and gets nothing");
  co_await part_with(std::move(connection), token.empty());
  co_return Connection();
}

Task<> HandOff::part_with(Connection connection, bool in_trouble) {
  if (in_trouble) siblings_.troubled(connection->remote, monotonic_now());
  co_await connection->client.quit(Deadline::after(seconds(1)), scope_.cancel());
}

}  // namespace ringpost::relay
