// `ringpost serve`: from a checked configuration to the last flushed record.
#pragma once

#include <string>

#include "config/configuration.h"

namespace ringpost::app {

/// Runs until SIGTERM, SIGINT (drain: sessions end at their next command, what is being delivered is finished) or
/// SIGQUIT (now). Returns the exit status: 0, 1, 75 (EX_TEMPFAIL: data directory busy, io_uring forbidden, no space) or
/// 78 (EX_CONFIG). `take_over`: from the process that serves this data directory, if there is one (take_over.h).
int serve(const config::Configuration& configuration, const std::string& path, bool take_over);

}  // namespace ringpost::app
