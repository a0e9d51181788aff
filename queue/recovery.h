// Brings RocksDB up to the logs after a start: reads each log from its watermark on, applies accepts, then outcomes, as
// one batch, so that a crash during recovery is a crash before it. Finds out what is missing before anything is
// changed. Blocking; before the indexer and the shards run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/applier.h"
#include "queue/queue.h"
#include "queue/segment_table.h"
#include "queue/store.h"

namespace ringpost::queue {

using DestinationOf = std::function<std::string(const mail::Envelope&, const mail::Recipient&)>;

/// `segments` was scanned. Afterwards `segments` knows what is live and every log is applied to its end and synced.
/// Errors: refused (files are missing, and Options::accept_data_loss is not set: the reason says what would be lost),
/// corrupt, io, no_space.
Result<RecoveryReport> recover(Store& store, SegmentTable& segments, Applier& applier, const Options& options,
                               const DestinationOf& destination_of);

}  // namespace ringpost::queue
