// What this process has cost since the meter began: wall time, and processor time in user space and in the kernel.
#pragma once

#include "base/clock.h"

namespace ringpost::bench {

struct Cost {
  double seconds = 0;
  double user_seconds = 0;
  double system_seconds = 0;
};

class ProcessMeter {
 public:
  ProcessMeter() noexcept;
  Cost so_far() const noexcept;

 private:
  MonotonicTime start_;
  Cost before_;
};

/// Ten thousand sessions need more descriptors than the usual 1,024: as many as the hard limit lets us have.
void raise_descriptor_limit() noexcept;

}  // namespace ringpost::bench
