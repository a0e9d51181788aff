// ringpost-bench: a load generator and a next hop, for measurements and tests.
#include <malloc.h>

#include <CLI/CLI.hpp>

#include "bench/load_command.h"
#include "bench/sink_command.h"

int main(int argc, char** argv) {
  // Records of TLS are 16 KiB, allocated and freed over and over: giving them back to the kernel each time was a
  // quarter of a load's samples in a profile (madvise and page faults, 10 KiB over STARTTLS).
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  CLI::App app("Load generator and sink for mail servers", "ringpost-bench");
  app.set_version_flag("--version", RINGPOST_VERSION);
  app.require_subcommand(1);
  int status = 0;
  ringpost::bench::add_load_command(app, status);
  ringpost::bench::add_sink_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return status;
}
