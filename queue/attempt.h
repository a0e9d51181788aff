// An Attempt is a lease: the right to try to deliver one message to some of its recipients, all of one destination.
// Whoever holds it finishes it with an outcome for each recipient, or drops it and the recipients are ready again. It
// belongs to the core of its scheduler.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/body_reader.h"
#include "queue/message_record.h"

namespace ringpost::queue {

struct Outcomes;  // attempt.cc
struct Ready;
class Shard;

class Attempt {
 public:
  Attempt(Attempt&& other) noexcept;
  Attempt& operator=(Attempt&& other) noexcept;
  ~Attempt();

  const Message& message() const noexcept { return *message_; }
  MessagePointer message_pointer() const noexcept { return message_; }
  /// Indexes into message().envelope.recipients.
  const std::vector<std::uint32_t>& recipients() const noexcept { return recipients_; }
  const std::string& destination() const noexcept { return destination_; }
  /// For MAIL and Return-Path: the envelope's, or with the recipient in it (verp.h).
  mail::Address reverse_path() const;
  /// Failed attempts before this one, for the log.
  std::uint32_t attempts_before() const noexcept { return attempts_before_; }
  BodyReader body() const;
  /// Whether the sender has heard that `recipient` takes longer.
  bool delay_told(std::uint32_t recipient) const;
  /// Gives back the recipients that an operator's mark covers which came into force since the lease was taken: to be
  /// asked before a transaction begins. Returns whether any are left; if not, finish() it without a status.
  bool withdraw_covered();

  /// To be awaited before the final dot (or last chunk) leaves: puts "attempt begun" into the log, so that after a
  /// crash only messages between begun and ended are in doubt.
  io::Task<Result<void>> begun();
  /// One status for each recipient that was tried; the others are ready again. Deferred ones get their next time from
  /// the retry schedule (or are failed with 4.4.7 when too old). Failures, delays and successes that the sender is to
  /// hear of become a report (report_policy.h). Writes log records and events; nobody waits. Then the lease is spent.
  void finish(std::vector<mail::DeliveryStatus> statuses);
  /// Gives up `recipients` for the life of this process: they stay where they lie in RocksDB, nobody hears of it, and
  /// they are not offered again before the next start. For a hand-off that is refused; finish() follows.
  void set_aside(const std::vector<std::uint32_t>& recipients);

 private:
  friend class Scheduler;
  Attempt(Shard& shard, std::string destination, Ready ready);
  /// `trouble`: of its destination, for those that were never tried themselves.
  void expire(const std::string& trouble);
  /// The same at the deadline of its sender: what was not to be given back goes on as before.
  void end_time(const std::string& trouble);
  void release();
  /// `recipients` as they stood in the window.
  Ready back_in_line(std::vector<std::uint32_t> recipients) const;
  void delivered(mail::DeliveryStatus status, Outcomes& into);
  void deferred(mail::DeliveryStatus status, WallTime next, Outcomes& into);
  void failed(mail::DeliveryStatus status, bool expired, Outcomes& into);

  Shard* shard_ = nullptr;  // null: spent or moved from
  MessagePointer message_;
  std::vector<std::uint32_t> recipients_;
  std::string destination_;
  std::uint32_t attempts_before_ = 0;
  WallTime due_;
  std::vector<std::uint32_t> delay_told_;
  bool rerouted_ = false;
  bool keeps_its_time_ = false;  // deferred without a try: due as before
};

}  // namespace ringpost::queue
