// What the process gives up after its start, so that whoever gets hold of it through a bug gains little: no new
// privileges, no capabilities but those it works with, only the paths of its configuration (Landlock), only the system
// calls of a mail server (seccomp). What the kernel does not have is left out and said; docs/hardening.md tells it to
// operators. Entered once, by the first thread, before there is a second.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"
#include "sandbox/landlock.h"

namespace ringpost::app {

class Confinement {
 public:
  /// After the change of user. Makes data_dir and the constant part of Maildir paths where they are missing, as the
  /// first delivery would: only what exists can be granted. Errors: refused, io.
  /// `capabilities`: those that are left (drop_privileges()).
  static Result<Confinement> enter(const config::Configuration& configuration, const std::string& config_path,
                                   const std::string& capabilities);

  /// When every ring is made: no other can be, in all threads. A failure is logged.
  void seal() const;

  /// Whether this process could run with `next`: for a reload. Errors: refused, with the first path that was not
  /// granted, or because `next` wants another mode.
  Result<void> covers(const config::Configuration& next) const;

  /// What is in force, for the start event: "no_new_privs capabilities(cap_net_bind_service) landlock(abi 7) seccomp".
  const std::string& text() const noexcept { return text_; }
  /// Logs what the kernel does not have, and what could not be granted because it does not exist.
  void warn() const;

 private:
  Confinement(sandbox::Mode mode, std::string config_path) : mode_(mode), config_path_(std::move(config_path)) {}
  Result<void> confine_paths(const config::Configuration& configuration);
  Result<void> filter_system_calls();

  sandbox::Mode mode_;
  std::string config_path_;              // absolute
  std::vector<sandbox::Grant> asked_;    // what the configuration needed at the start
  std::vector<sandbox::Grant> granted_;  // of it, what existed and is ours; empty: no path is refused
  bool filtered_ = false;
  std::string text_;
  std::vector<std::string> warnings_;
};

}  // namespace ringpost::app
