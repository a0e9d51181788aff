#include "sandbox/capabilities.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>

namespace ringpost::sandbox {

namespace {

struct Named {
  Capability capability;
  cap_value_t value;
  const char* name;
};
constexpr std::array all{Named{Capability::dac_override, CAP_DAC_OVERRIDE, "cap_dac_override"},
                         Named{Capability::net_bind_service, CAP_NET_BIND_SERVICE, "cap_net_bind_service"}};

struct Free {
  void operator()(cap_t state) const noexcept { ::cap_free(state); }
};
using State = std::unique_ptr<std::remove_pointer_t<cap_t>, Free>;

}  // namespace

Result<void> keep_capabilities_across_setuid() noexcept {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return fail_errno(errno, "keep capabilities");
  return {};
}

Result<std::string> keep_only(std::span<const Capability> kept) {
  const State before(::cap_get_proc());
  const State after(::cap_init());
  if (!before || !after) return fail_errno(errno, "capabilities");
  std::string left;
  for (const Named& named : all) {
    cap_flag_value_t has = CAP_CLEAR;
    ::cap_get_flag(before.get(), named.value, CAP_PERMITTED, &has);
    if (has == CAP_CLEAR || std::ranges::find(kept, named.capability) == kept.end()) continue;
    for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE})
      ::cap_set_flag(after.get(), set, 1, &named.value, CAP_SET);
    left.append(left.empty() ? "" : ",").append(named.name);
  }
  ::cap_reset_ambient();  // fails on kernels that have none
  // The bounding set first: dropping from it needs CAP_SETPCAP, which may be permitted and, after setuid(2), not be
  // effective. Without it nothing is lost: with no_new_privs the set can give nothing to anybody.
  cap_flag_value_t may_drop = CAP_CLEAR;
  ::cap_get_flag(before.get(), CAP_SETPCAP, CAP_PERMITTED, &may_drop);
  if (may_drop == CAP_SET) {
    const cap_value_t drops = CAP_SETPCAP;
    if (::cap_set_flag(before.get(), CAP_EFFECTIVE, 1, &drops, CAP_SET) != 0 || ::cap_set_proc(before.get()) != 0)
      return fail_errno(errno, "capabilities");
    for (cap_value_t value = 0; value < ::cap_max_bits(); ++value) {
      cap_flag_value_t stays = CAP_CLEAR;
      ::cap_get_flag(after.get(), value, CAP_PERMITTED, &stays);
      if (stays == CAP_CLEAR && ::cap_drop_bound(value) != 0 && errno != EINVAL)
        return fail_errno(errno, "drop a capability from the bounding set");
    }
  }
  if (::cap_set_proc(after.get()) != 0) return fail_errno(errno, "drop capabilities");
  ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  return left;
}

}  // namespace ringpost::sandbox
