// What follows an attempt: its outcome goes to the log, the indexer and the windows; and what the sender is to hear of
// becomes a report first. The report is committed durably before the outcome is recorded: a crash in between makes a
// second report at worst, never none. Only a success does not wait for a log that refuses: rather no report after a
// crash than the message twice. Private to queue/; on the shard's core.
#pragma once

#include <string>

#include "queue/message_record.h"
#include "queue/queue.h"
#include "queue/report_policy.h"

namespace ringpost::queue {

/// The diagnostic of a recipient whose time ran out between two attempts.
inline constexpr std::string_view became_too_old = "not delivered in time";

/// Writes "attempt ended", hands the outcome to the indexer, and tells the windows: deferred recipients wait for their
/// time at their (perhaps new) destination, the others are done.
void record(Shard::Impl& shard, const Message& message, const std::string& destination, Outcome outcome);
/// Makes a report of `outcome` (all of it what `kind` says) and then records it; tries until the log takes it. When the
/// shard closes before, nothing is recorded and the recipients are tried again after the next start.
void start_report(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome outcome,
                  ReportKind kind);

}  // namespace ringpost::queue
