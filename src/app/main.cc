// The ringpost program: one binary, many verbs (src/cli).
#include "app/serve.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  return ringpost::cli::main(argc, argv, {.serve = ringpost::app::serve});
}
