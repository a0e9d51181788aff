// `ringpost-bench sink`: its command line, and the run.
#pragma once

namespace CLI {
class App;
}

namespace ringpost::bench {

/// Adds the verb to `app`; when it is called, `status` becomes the exit status: 0 after SIGTERM, SIGINT or
/// --stop-after, 1 if it could not begin, 2 for a command line that makes no sense.
void add_sink_command(CLI::App& app, int& status);

}  // namespace ringpost::bench
