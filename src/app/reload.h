// A reload: the configuration file is read again, and takes the place of the old one as a whole or not at all. Whatever
// is wrong with it, all reasons are told, and what was in force stays so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/server.h"
#include "app/confinement.h"
#include "app/listening_sockets.h"
#include "app/services.h"
#include "app/worker.h"

namespace ringpost::app {

using Workers = std::vector<std::unique_ptr<Worker>>;

/// What each worker is told of the listeners that `sockets` prepared for `configuration`. Errors: io.
Result<std::vector<std::vector<WorkerListener>>> share_out(
    const std::vector<ListeningSockets::Listener>& sockets,
    const std::shared_ptr<const config::Configuration>& configuration);

/// Main thread, while the workers serve. Returns when every worker goes by the new configuration. Logs all of it.
admin::ReloadReport reload(const std::string& path, const std::string& from, const Confinement& confinement,
                           Services& services, ListeningSockets& sockets, Workers& workers);

}  // namespace ringpost::app
