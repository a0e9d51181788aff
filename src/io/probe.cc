#include "io/probe.h"

#include <sys/utsname.h>

#include <array>

#include "io/buffer_ring.h"
#include "io/ring.h"

namespace ringpost::io {

namespace {

struct Needed {
  int opcode;
  const char* name;
};
constexpr std::array needed{Needed{IORING_OP_ACCEPT, "accept"},    Needed{IORING_OP_RECV, "recv"},
                            Needed{IORING_OP_SENDMSG, "sendmsg"},  Needed{IORING_OP_CONNECT, "connect"},
                            Needed{IORING_OP_WRITEV, "writev"},    Needed{IORING_OP_READ, "read"},
                            Needed{IORING_OP_FSYNC, "fsync"},      Needed{IORING_OP_ASYNC_CANCEL, "async_cancel"},
                            Needed{IORING_OP_MSG_RING, "msg_ring"}};

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

  io_uring_probe* probe = ::io_uring_get_probe_ring(&(*ring)->raw());
  if (probe == nullptr)
    return fail(ErrorKind::refused, "io_uring_register is forbidden here: allow it in the seccomp profile");
  std::string missing;
  for (const Needed& operation : needed) {
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
