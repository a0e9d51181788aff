// The configuration: strict TOML (and variables of the environment) in, one plain Options struct for each module out.
// Strict means that an unknown key, a wrong type or an impossible value is an error, that every error names file, line,
// column (or the variable) and what was expected, and that all errors come in one run. Each key is one row of a table
// (sections.cc), from which reading, printing (`check-config --print`) and the reference (docs/configuration.md) are
// made, so they cannot disagree.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/options.h"
#include "admin/options.h"
#include "config/problem.h"
#include "dns/options.h"
#include "io/machine.h"
#include "io/options.h"
#include "policy/relay_access.h"
#include "policy/sender_login.h"
#include "queue/options.h"
#include "relay/options.h"
#include "sandbox/options.h"
#include "sasl/options.h"
#include "server/options.h"
#include "telemetry/options.h"
#include "tls/options.h"
#include "tlsrpt/options.h"

namespace ringpost::config {

struct Configuration {
  std::string hostname;  // lower case
  std::string data_dir = "/var/lib/ringpost";
  unsigned workers = 0;  // after load() at least 1: 0 in the file means the CPUs the process may use
  std::string user = "ringpost";

  io::Options reactor;  // not in the file: follows from [limits] memory_max
  telemetry::LogOptions log;
  account::Options accounts;
  server::Options server;
  policy::RelayOptions relay_access;
  relay::Options relay;
  tlsrpt::Options tls_report;
  dns::Options dns;
  queue::Options queue;
  admin::Options admin;
  sandbox::Options security;
  tls::ServerOptions tls;
  sasl::Options sasl;
  policy::SenderOptions sender;
};

/// Variables of the environment: name and value. Those that do not begin with RINGPOST_ are not looked at.
using Environment = std::vector<std::pair<std::string, std::string>>;
/// That of this process; nothing else in ringpost reads a variable of its own. Not while another thread changes it.
Environment process_environment();

constexpr const char* default_path = "/etc/ringpost/ringpost.toml";

/// The file with the environment laid over it (environment.h). At default_path no file is needed where
/// RINGPOST_HOSTNAME is set. Relative paths are relative to the directory of `path`. Problems in the order of their
/// lines, those of the environment last; never empty.
std::expected<Configuration, std::vector<Problem>> load(const std::string& path, const Environment& environment);
/// The same for text; `name` is the file's name in problems and the base of relative paths. `machine` decides what
/// `workers = 0` and `memory_max = "auto"` are.
std::expected<Configuration, std::vector<Problem>> parse(std::string_view text, const std::string& name,
                                                         const Environment& environment = {},
                                                         const io::Machine& machine = io::this_machine());

/// The effective configuration as TOML with every key, which parse() reads back as the same.
std::string print(const Configuration& configuration);

struct KeyDescription {
  std::string key;  // "[queue] max_age", "[[listener]] address", "hostname"
  std::string type;
  std::string standard;  // the default as TOML, or "required"
  std::string description;
};
std::vector<KeyDescription> describe();
/// docs/configuration.md, as it should be.
std::string reference();

}  // namespace ringpost::config
