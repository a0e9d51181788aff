// Which directories and files the server needs after its start, computed from the configuration alone: what it reads
// and writes itself, and what its libraries read of the system. The sandbox grants these and the kernel refuses all
// others. Directories rather than files wherever a file may be replaced: a certificate that was renewed is another file
// of the same name. Where the name is a link, the directory of what it leads to as well.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "sandbox/landlock.h"

namespace ringpost::app {

/// What is asked of the system; tests have their own answers.
struct Surroundings {
  std::function<std::string(const char*)> variable;          // of the environment; "" without it
  std::function<std::string(const std::string&)> real_path;  // without symbolic links; as it is where it does not exist
};
const Surroundings& surroundings();

/// `config_path` is the configuration file's, absolute. Those to write first.
std::vector<sandbox::Grant> grants_for(const config::Configuration& configuration, const std::string& config_path,
                                       const Surroundings& system = surroundings());

/// Where the deliveries of a Maildir template begin to differ: "/var/mail" for "/var/mail/{domain}/{local}".
std::string constant_part(const std::string& maildir_template);

/// Whether a process that was given `granted` at its start can run with what needs `wanted`. Errors: refused, with the
/// first path that is missing.
Result<void> suffices(const std::vector<sandbox::Grant>& granted, const std::vector<sandbox::Grant>& wanted);

}  // namespace ringpost::app
