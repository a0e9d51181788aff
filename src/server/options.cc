#include "server/options.h"

#include "server/settings.h"

namespace ringpost::server {

smtp::Extensions offered_by(const Options& options) {
  smtp::Extensions offered;
  offered.pipelining = offered.size = offered.eight_bit_mime = offered.binary_mime = offered.chunking = true;
  offered.smtputf8 = offered.dsn = offered.enhanced_status_codes = true;
  offered.requiretls = true;  // under TLS
  offered.mt_priority = offered.deliver_by = true;
  offered.future_release_seconds =
      static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(options.limits.future_release_max).count());
  offered.size_max = options.limits.message_size_max;
  offered.rcpt_max = options.limits.recipients_max;
  return offered;
}

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::mx:
      return "mx";
    case Role::submission:
      return "submission";
    case Role::submissions:
      return "submissions";
  }
  return "?";
}

}  // namespace ringpost::server
