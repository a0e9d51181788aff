// A message as the queue keeps it. The Message is written once, when it is accepted, and never changes: the session's
// core, the indexer and the deliveries share it (the one thing shared across cores; it is immutable and counted
// atomically). What changes is the state of its recipients, which only the indexer writes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "mail/delivery_status.h"
#include "mail/envelope.h"
#include "queue/log_position.h"

namespace ringpost::queue {

struct Message {
  MessageId id;
  // The lane is the worker whose scheduler owns the message: the one that accepted it (docs/decisions/0001-lanes.md).
  std::uint16_t lane = 0;
  std::uint64_t generation = 0;  // number of the newest mark when it was accepted (mark.h)
  mail::Envelope envelope;
  mail::BodyFacts facts;
  std::string prefix;        // header fields of ours, CRLF line ends, in front of the body
  std::vector<Extent> body;  // in order
};
using MessagePointer = std::shared_ptr<const Message>;

enum class RecipientPhase : std::uint8_t { queued, delivered, failed };

struct RecipientState {
  RecipientPhase phase = RecipientPhase::queued;
  std::uint32_t attempts = 0;
  WallTime due;                // of the next attempt, while queued
  std::string destination;     // key of the range it stands in, while queued
  PublicStatus last_status{};  // of the last attempt
  std::string last_diagnostic;
  std::string last_remote;
  bool delay_told = false;  // the sender has heard that it takes longer
  bool rerouted = false;    // by an operator: `destination` stays, whatever the routes say
};

/// The value of family `message`.
struct MessageRecord {
  Message message;
  std::vector<RecipientState> recipients;  // parallel to message.envelope.recipients
};

/// Gives the extent of segment 0 (record.h) its place: the chunk directly in front of the accept at `accept_begin`. An
/// extent that cannot lie there stays as it is.
void resolve_body(Message& message, std::uint16_t log, LogPosition accept_begin) noexcept;

std::string encode_message(const Message& message);
Result<Message> decode_message(std::string_view octets);
std::string encode_record(const MessageRecord& record);
Result<MessageRecord> decode_record(std::string_view octets);

/// What an attempt did to some recipients of a message: payload of the "attempt ended" log record and what the indexer
/// applies. `due`, `destination` and `delay_told` matter for deferred ones.
struct Outcome {
  struct Item {
    mail::DeliveryStatus status;
    WallTime due;
    std::string destination;
    bool delay_told = false;
  };
  MessageId message;
  std::vector<Item> items;
};

std::string encode_outcome(const Outcome& outcome);
Result<Outcome> decode_outcome(std::string_view octets);

}  // namespace ringpost::queue
