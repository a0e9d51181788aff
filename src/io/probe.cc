#include "io/probe.h"

#include <sys/utsname.h>

#include "io/buffer_ring.h"
#include "io/ring.h"
#include "io/ring_operations.h"

namespace ringpost::io {

namespace {

// IORING_SETUP_* of the running ring, in the words of the manual page.
void name_setup_flags(unsigned flags, std::vector<std::string>& out) {
  if (flags & IORING_SETUP_SINGLE_ISSUER) out.emplace_back("single_issuer");
  if (flags & IORING_SETUP_DEFER_TASKRUN) out.emplace_back("defer_taskrun");
  if (flags & IORING_SETUP_COOP_TASKRUN) out.emplace_back("coop_taskrun");
}

}  // namespace

Result<KernelFeatures> probe_kernel() {
  KernelFeatures found;
  utsname name{};
  if (::uname(&name) == 0) found.release = name.release;

  const Options small{
      .submission_entries = 8, .completion_entries = 16, .receive_buffers = 2, .receive_buffer_octets = 4096};
  auto ring = Ring::create(small);
  if (!ring) return propagate(ring);
  name_setup_flags((*ring)->raw().flags, found.features);
  found.restricted = (*ring)->restricted();

  io_uring_probe* probe = ::io_uring_get_probe_ring(&(*ring)->raw());
  if (probe == nullptr)
    return fail(ErrorKind::refused,
                "io_uring_register is forbidden here: in a container run with the seccomp profile "
                "deploy/container/seccomp.json");
  std::string missing;
  for (const RingOperation& operation : ring_operations) {
    if (!::io_uring_opcode_supported(probe, operation.opcode)) missing += std::string(" ") + operation.name;
  }
  ::io_uring_free_probe(probe);
  if (!missing.empty()) {
    return fail(ErrorKind::refused,
                "this kernel's io_uring (" + found.release + ") lacks:" + missing + "; Linux 6.1 or later is needed");
  }
  auto buffers = BufferRing::create(**ring, small);
  if (!buffers) return propagate(buffers);
  found.features.emplace_back("buffer_ring");
  found.features.emplace_back("multishot");
  found.features.emplace_back("msg_ring");
  // All buffers are home; the ring must outlive their registration.
  buffers->reset();
  return found;
}

}  // namespace ringpost::io
