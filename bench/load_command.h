// `ringpost-bench load`: its command line, and the run.
#pragma once

namespace CLI {
class App;
}

namespace ringpost::bench {

/// Adds the verb to `app`; when it is called, `status` becomes the exit status: 0 if every message was accepted, 1 if
/// not, 2 for a command line that makes no sense.
void add_load_command(CLI::App& app, int& status);

}  // namespace ringpost::bench
