// What follows an attempt: its outcome goes to the log, the indexer and the windows; and a failure that the sender must
// hear of becomes a bounce first. The bounce is committed durably before the failure is recorded: a crash in between
// makes a second bounce at worst, never none. Private to queue/; on the shard's core.
#pragma once

#include <string>

#include "queue/message_record.h"
#include "queue/queue.h"

namespace ringpost::queue {

/// Writes "attempt ended", hands the outcome to the indexer, and tells the windows: deferred recipients wait for their
/// time at their (perhaps new) destination, the others are done.
void record(Shard::Impl& shard, const Message& message, const std::string& destination, Outcome outcome);
/// Makes a bounce for `failed` (all of them failed) and then records it; tries until the log takes it. When the shard
/// closes before, nothing is recorded and the recipients are tried again after the next start.
void start_bounce(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome failed);

}  // namespace ringpost::queue
