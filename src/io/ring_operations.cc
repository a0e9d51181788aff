#include "io/ring_operations.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ringpost::io {

namespace {

// Flags of submission entries that requests carry.
constexpr std::uint8_t submission_flags = IOSQE_IO_LINK | IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;

// Calls of io_uring_register(2) after the ring is enabled: the receive buffers come and go, the probe asks, and the
// registered descriptor of the ring goes with it.
constexpr std::array register_opcodes{IORING_REGISTER_PROBE, IORING_REGISTER_PBUF_RING, IORING_UNREGISTER_PBUF_RING,
                                      IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS};

// The shared library of liburing 2.3 declares the functions for these two and does not export them.
int register_with(io_uring& ring, unsigned opcode, const void* argument, unsigned count) noexcept {
  return ::syscall(SYS_io_uring_register, ring.ring_fd, opcode, argument, count) < 0 ? -errno : 0;
}

constexpr std::size_t rules = ring_operations.size() + register_opcodes.size() + 1;

}  // namespace

bool restrict_ring(io_uring& ring) noexcept {
  std::array<io_uring_restriction, rules> restrictions{};
  std::size_t i = 0;
  for (const RingOperation& operation : ring_operations) {
    restrictions[i].opcode = IORING_RESTRICTION_SQE_OP;
    restrictions[i++].sqe_op = operation.opcode;
  }
  for (const auto opcode : register_opcodes) {
    restrictions[i].opcode = IORING_RESTRICTION_REGISTER_OP;
    restrictions[i++].register_op = static_cast<std::uint8_t>(opcode);
  }
  restrictions[i].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  restrictions[i].sqe_flags = submission_flags;
  return register_with(ring, IORING_REGISTER_RESTRICTIONS, restrictions.data(), rules) == 0;
}

int enable_ring(io_uring& ring) noexcept {
  return register_with(ring, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
}

}  // namespace ringpost::io
