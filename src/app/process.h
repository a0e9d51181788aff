// What the process is to the system: which user, which limits, which signals.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace ringpost::app {

/// Raises the soft limit of open files to the hard one; returns it.
std::uint64_t raise_descriptor_limit() noexcept;

/// Started as root: becomes `user` for good (supplementary groups, gid, uid; no way back is checked) and gives
/// `data_dir` to it where it does not exist yet (what is missing above it is made, and stays root's). As anyone else:
/// nothing. In all cases no program started from here can gain privileges, and capabilities are dropped but for
/// CAP_NET_BIND_SERVICE (a reload may open a port below 1024) and, where we stay root, CAP_DAC_OVERRIDE. Returns those
/// that are left (sandbox::keep_only). Before the second thread starts. Errors: not_found (no such user), refused.
Result<std::string> drop_privileges(const std::string& user, const std::string& data_dir);

/// Blocks the signals that Orders waits for, in this thread and all that it starts later; SIGPIPE is ignored.
void block_signals();
/// SIGTERM, SIGINT, SIGQUIT and SIGHUP.
sigset_t handled_signals() noexcept;

}  // namespace ringpost::app
