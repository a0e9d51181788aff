// The filter of system calls (seccomp(2)): what the server and its libraries do, and nothing else. Three answers:
//
//   done     what stands in the list (system_call_list.h); of some calls only certain arguments
//   ENOSYS   what nobody has thought of: a library that tries a call which the kernel may not have copes with that
//   killed   what only an intruder does: another program, another user, other processes, mounts, kernel modules
//
// Refusals are noted by the kernel (audit, or the kernel's log). In force for the calling thread and all it starts
// later, for good.
#pragma once

#include "base/result.h"
#include "sandbox/options.h"

namespace ringpost::sandbox {

/// Whether the kernel can filter.
bool can_filter_system_calls() noexcept;

/// Mode::log: everything is done, and what would not be is noted. Errors: refused, io.
Result<void> filter_system_calls(Mode mode);

/// When every ring of the process has been made: nobody makes another, which would not be held to the operations that
/// ours are restricted to. For all threads; each must have inherited the filter above. Errors: refused, io.
Result<void> forbid_new_rings(Mode mode);

}  // namespace ringpost::sandbox
