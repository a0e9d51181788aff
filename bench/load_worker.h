// One thread of the load generator: a reactor, its share of the sessions and of the messages. A slot is a place for one
// session after another; it ends when nothing is left to send, or when five sessions in a row came to nothing, because
// then the server is not there and waiting for 100,000 refusals helps nobody.
//
// The object is made and destroyed by the owner of the thread; run() is the thread; tally() may be read (counters only)
// while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "bench/load_options.h"
#include "bench/message_maker.h"
#include "bench/schedule.h"
#include "bench/tally.h"
#include "io/reactor.h"
#include "io/scope.h"
#include "io/task.h"
#include "smtp/client.h"
#include "tls/client_context.h"

namespace ringpost::bench {

class LoadWorker {
 public:
  LoadWorker(const LoadOptions& options, const MessageMaker& maker, std::uint32_t thread);

  /// To the end of the load. Errors: what the reactor could not be given.
  Result<void> run();
  /// Any thread, while run() may be running: ends the load soon; messages in flight count as failed.
  void request_stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }

  const Tally& tally() const noexcept { return tally_; }
  /// After run(): messages that were never begun.
  std::uint64_t not_sent() const noexcept { return schedule_ ? schedule_->left() : 0; }
  /// After run(): from the first session of the load to the end of the last; idle sessions come before and after.
  MonotonicTime load_began() const noexcept { return load_began_; }
  MonotonicTime load_ended() const noexcept { return load_ended_; }
  /// After run(): idle sessions the server had ended before we did.
  std::uint64_t idle_lost() const noexcept { return idle_lost_; }

 private:
  static constexpr std::uint32_t fruitless_sessions_max = 5;
  static constexpr std::uint32_t idle_openers = 64;  // idle sessions opened at the same time

  struct Slot;

  // load_worker.cc
  io::Task<> main();
  io::Task<> listen_for_stop(io::Cancel cancel);
  std::uint32_t share_of(std::uint32_t count) const noexcept;
  io::SocketAddress next_source() noexcept;

  // load_session.cc
  io::Task<> run_slot(io::Cancel cancel);
  io::Task<bool> run_session(Slot& slot, io::Cancel cancel);
  io::Task<bool> wait_until_due(Schedule::Ticket& ticket, io::Cancel cancel);
  io::Task<bool> send_message(Slot& slot, smtp::Client& client, Schedule::Ticket ticket, io::Cancel cancel);
  io::Task<bool> send_content(Slot& slot, smtp::Client& client, MonotonicTime began, io::Cancel cancel);
  void choose_recipients(Slot& slot, std::uint64_t message) const;

  // session_opening.cc
  io::Task<std::unique_ptr<smtp::Client>> open_session(io::Cancel cancel);
  io::Task<bool> prepare(smtp::Client& client, io::Cancel cancel);
  io::Task<bool> secure(smtp::Client& client, MonotonicTime began, io::Cancel cancel);
  io::Task<bool> greet(smtp::Client& client, io::Cancel cancel);
  io::Task<bool> hello(smtp::Client& client, io::Cancel cancel);
  io::Task<bool> start_tls(smtp::Client& client, io::Cancel cancel);
  io::Task<bool> authenticate(smtp::Client& client, io::Cancel cancel);
  io::Deadline reply_deadline() const noexcept { return io::Deadline::after(options_.reply_wait); }
  bool positive(std::string_view stage, const Result<smtp::Reply>& reply);

  // idle_session.cc
  io::Task<> open_idle(io::Cancel cancel);
  io::Task<> hold_idle(std::unique_ptr<smtp::Client> client, io::Cancel cancel);

  const LoadOptions& options_;
  const MessageMaker& maker_;
  const std::uint32_t thread_;
  Tally tally_;
  std::optional<Schedule> schedule_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<io::Scope> scope_;    // slots
  std::unique_ptr<io::Scope> holders_;  // idle sessions
  std::unique_ptr<tls::ClientContext> tls_;
  std::size_t next_source_ = 0;
  std::uint32_t idle_to_open_ = 0;
  std::uint64_t idle_lost_ = 0;
  MonotonicTime load_began_, load_ended_;
  std::atomic<bool> stopping_{false};
};

}  // namespace ringpost::bench
