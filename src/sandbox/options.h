// What the confinement of the process is told. Filled by config/ from [security].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringpost::sandbox {

enum class Mode : std::uint8_t {
  enforce,  // what the kernel can
  log,      // the filter of system calls only notes what it would have refused; no path is refused
  off,      // no privileges can be gained and capabilities are dropped, no more
};

struct Options {
  Mode mode = Mode::enforce;
  // Besides what the configuration names (app/grants.h). Absolute.
  std::vector<std::string> read_paths;
  std::vector<std::string> write_paths;
};

}  // namespace ringpost::sandbox
