#include "app/confinement.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/grants.h"
#include "sandbox/sanitizer.h"
#include "sandbox/system_calls.h"
#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

/// Every missing directory of an absolute path. What cannot be made is found missing when it is used.
void make_directories(const std::string& path) {
  for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
    if (slash == std::string::npos) return;
  }
}

bool exists(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::absolute(path, error);
  return error ? path : whole.lexically_normal().string();
}

bool notified_by_an_abstract_socket() {
  return surroundings().variable("NOTIFY_SOCKET").starts_with('@');
}

}  // namespace

Result<Confinement> Confinement::enter(const config::Configuration& configuration, const std::string& config_path,
                                       const std::string& capabilities) {
  Confinement entered(configuration.security.mode, absolute(config_path));
  entered.text_ = "no_new_privs capabilities(" + (capabilities.empty() ? "none" : capabilities) + ")";
  if (entered.mode_ == sandbox::Mode::enforce) {
    auto confined = entered.confine_paths(configuration);
    if (!confined) return propagate(confined);
  }
  if (entered.mode_ != sandbox::Mode::off) {
    auto filtered = entered.filter_system_calls();
    if (!filtered) return propagate(filtered);
  }
  return entered;
}

Result<void> Confinement::confine_paths(const config::Configuration& configuration) {
  const int version = sandbox::landlock_version();
  if (version == 0) {
    warnings_.emplace_back("this kernel has no Landlock, or it is switched off: no path is refused");
    return {};
  }
  asked_ = grants_for(configuration, config_path_);
  if (sandbox::sanitized) {  // its symbolizer reads the program
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) asked_.push_back({program.parent_path(), sandbox::Access::read});
  }
  for (const sandbox::Grant& grant : asked_) {
    const bool writes = grant.access == sandbox::Access::write;
    if (writes && !exists(grant.path)) make_directories(grant.path);
    if (exists(grant.path)) {
      granted_.push_back(grant);
    } else if (writes) {
      warnings_.push_back(grant.path +
                          " does not exist and cannot be made: nothing can be written there until a restart");
    }
  }
  auto confined = sandbox::confine_paths(granted_, notified_by_an_abstract_socket());
  if (!confined) return confined;
  text_ += " landlock(abi " + std::to_string(version) + ")";
  return {};
}

Result<void> Confinement::filter_system_calls() {
  if (!sandbox::can_filter_system_calls()) {
    warnings_.emplace_back("this kernel cannot filter system calls: none is refused");
    return {};
  }
  auto filtered = sandbox::filter_system_calls(mode_);
  if (!filtered) return filtered;
  filtered_ = true;
  text_ += mode_ == sandbox::Mode::log ? " seccomp(log)" : " seccomp";
  return {};
}

void Confinement::seal() const {
  if (!filtered_) return;
  const auto forbidden = sandbox::forbid_new_rings(mode_);
  if (!forbidden) Event(EventKind::warning).field("operation", "forbid new rings").error(forbidden.error()).emit();
}

Result<void> Confinement::covers(const config::Configuration& next) const {
  if (next.security.mode != mode_)
    return fail(ErrorKind::refused, "[security] sandbox cannot be changed while we run: it needs a restart");
  if (granted_.empty()) return {};
  auto wanted = grants_for(next, config_path_);
  // What was missing at the start and is asked for again is no worse than it was.
  std::erase_if(wanted, [this](const auto& grant) { return std::ranges::find(asked_, grant) != asked_.end(); });
  return suffices(granted_, wanted);
}

void Confinement::warn() const {
  for (const std::string& warning : warnings_)
    Event(EventKind::warning).field("operation", "hardening").field("reason", warning).emit();
}

}  // namespace ringpost::app
