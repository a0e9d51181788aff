#include "relay/warm_up_file.h"

#include "io/small_file.h"
#include "telemetry/log.h"

namespace ringpost::relay {

namespace {

void report(const std::string& path, const Error& error) {
  telemetry::Event(telemetry::EventKind::warning)
      .field("operation", "warm-up: what sources have sent today")
      .field("path", path)
      .error(error)
      .emit();
}

}  // namespace

void WarmUpFile::load() {
  const std::lock_guard lock(mutex_);
  auto file = io::read_small_file(path_, WarmUp::file_octets_max);
  if (!file) {
    if (file.error().kind != ErrorKind::not_found) report(path_, file.error());
    return;
  }
  if (!counts_.restore(*file, WallTime::now())) {
    report(path_, Error(ErrorKind::corrupt, "not as we write it: today's counts begin again"));
  }
  saved_ = std::move(*file);
}

void WarmUpFile::save_now_and_then() {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = monotonic_now();
  if (ended_ || (saved_at_ != MonotonicTime::min() && now - saved_at_ < interval)) return;
  saved_at_ = now;
  save();
}

void WarmUpFile::save_and_end() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  save();
}

void WarmUpFile::save() {
  std::string text = counts_.text();
  if (text == saved_ || (saved_.empty() && counts_.is_empty())) return;
  auto written = io::replace_file(path_, text);
  if (!written) return report(path_, written.error());
  saved_ = std::move(text);
}

}  // namespace ringpost::relay
