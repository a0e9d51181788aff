#include "bench/process_meter.h"

#include <sys/resource.h>

namespace ringpost::bench {

namespace {

double seconds_of(const timeval& time) noexcept {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

Cost processor_time() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {0, seconds_of(usage.ru_utime), seconds_of(usage.ru_stime)};
}

}  // namespace

ProcessMeter::ProcessMeter() noexcept : start_(monotonic_now()), before_(processor_time()) {}

Cost ProcessMeter::so_far() const noexcept {
  const Cost now = processor_time();
  return {std::chrono::duration<double>(monotonic_now() - start_).count(), now.user_seconds - before_.user_seconds,
          now.system_seconds - before_.system_seconds};
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace ringpost::bench
