// One message for some recipients of one destination, as a delivery sees it: what to send, and the word before the
// final dot. The dispatcher makes it of a queue::Attempt; tests make it of nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/task.h"
#include "queue/message_record.h"
#include "smtp/body_source.h"

namespace ringpost::relay {

class Work {
 public:
  virtual ~Work() = default;
  virtual const queue::Message& message() const = 0;
  /// Indexes into message().envelope.recipients.
  virtual const std::vector<std::uint32_t>& recipients() const = 0;
  /// The body from its beginning; a second try asks again.
  virtual std::unique_ptr<smtp::BodySource> body() = 0;
  /// To be awaited before the octet leaves that makes the delivery final.
  virtual io::Task<Result<void>> begun() = 0;

  /// To a sibling, which keeps it as we do: what it wants of priority and time is said another way (smtp/handoff.h).
  virtual bool is_handed_over() const { return false; }

  /// For MAIL and Return-Path.
  virtual mail::Address reverse_path() const { return message().envelope.reverse_path; }

  const mail::Recipient& recipient(std::uint32_t index) const { return message().envelope.recipients[index]; }
  std::uint64_t octets() const { return message().prefix.size() + message().facts.octets; }
};

}  // namespace ringpost::relay
