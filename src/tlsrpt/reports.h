// What the workers, the admin address and the sender share of TLS reporting: the options in force, the notes on disk,
// and what an operator has ordered to be sent. Any thread; what reads or writes the disk says so.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/current.h"
#include "base/result.h"
#include "tlsrpt/journal.h"
#include "tlsrpt/options.h"

namespace ringpost::tlsrpt {

/// To be sent now, whatever the time.
struct SendOrder {
  Day day;
  std::string domain;  // empty: all
};

class Reports {
 public:
  static constexpr std::size_t orders_max = 100;

  Reports(std::string hostname, const std::string& data_dir, std::shared_ptr<const Options> in_force)
      : options(std::move(in_force)), journal(data_dir + "/tlsrpt"), hostname_(std::move(hostname)) {}

  const std::string& hostname() const noexcept { return hostname_; }

  /// What was noted of `day` as the JSON of reports, {"day": D, "reports": [...]}, of `domain` or of all (empty).
  /// `day` empty: today. Reads the disk. Errors: invalid (no day), refused (not enabled).
  Result<std::string> show(const std::string& day, const std::string& domain) const;
  /// Errors: as of show(); unavailable (orders_max).
  Result<void> order(const std::string& day, const std::string& domain);
  std::vector<SendOrder> take_orders();

  Current<const Options> options;
  Journal journal;

 private:
  Result<Day> day_of(const std::string& text) const;

  const std::string hostname_;
  std::mutex mutex_;  // protects orders_
  std::vector<SendOrder> orders_;
};

}  // namespace ringpost::tlsrpt
