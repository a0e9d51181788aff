// Why the data directory cannot be used, in words that say what to do: the queue's own errors name a file deep in it
// and an errno, and a volume that somebody else has prepared is the usual reason that a first start fails.
#pragma once

#include <string>

#include "base/result.h"

namespace ringpost::app {

/// Whether the process may read and write `data_dir`, its `spool` and `db`, and what lies in them; of one that is not
/// there yet, whether it may be made. Permissions count, not ownership, so that a volume of a group will do. Asks and
/// changes nothing. Errors: invalid (it is no directory), refused (permissions, read-only), io.
Result<void> check_data_dir(const std::string& data_dir);

}  // namespace ringpost::app
