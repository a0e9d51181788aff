// What a ring of ours may be asked to do, and nothing else: the one table beside the operations. It is what the probe
// asks the kernel for, and what a ring is restricted to at its birth (IORING_REGISTER_RESTRICTIONS), so that whoever
// gets hold of the process cannot have the ring open files or sockets for it, past the filter of system calls. A new
// kind of request is added here, or completes with -EACCES. Private to io.
#pragma once

#include <liburing.h>

#include <array>

namespace ringpost::io {

struct RingOperation {
  std::uint8_t opcode;  // IORING_OP_*
  const char* name;     // as in io_uring_enter(2), lower case
};

inline constexpr auto ring_operations = std::to_array<RingOperation>({
    {IORING_OP_ACCEPT, "accept"},
    {IORING_OP_ASYNC_CANCEL, "async_cancel"},
    {IORING_OP_CONNECT, "connect"},
    {IORING_OP_FADVISE, "fadvise"},
    {IORING_OP_FSYNC, "fsync"},
    {IORING_OP_MSG_RING, "msg_ring"},
    {IORING_OP_POLL_ADD, "poll_add"},
    {IORING_OP_READ, "read"},
    {IORING_OP_RECV, "recv"},
    {IORING_OP_SENDMSG, "sendmsg"},
    {IORING_OP_SYNC_FILE_RANGE, "sync_file_range"},
    {IORING_OP_WRITEV, "writev"},
});

/// Restricts a ring that was made with IORING_SETUP_R_DISABLED to the table. Whether the kernel did.
bool restrict_ring(io_uring& ring) noexcept;

/// Lets the calling thread, and under IORING_SETUP_SINGLE_ISSUER no other, submit to such a ring. 0 or -errno.
int enable_ring(io_uring& ring) noexcept;

}  // namespace ringpost::io
