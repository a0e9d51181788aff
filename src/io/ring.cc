#include "io/ring.h"

#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "io/ring_operations.h"

namespace ringpost::io {

namespace {

// What a forbidden io_uring looks like, and what the operator can do about it.
Error setup_error(int error_number) {
  Error error = Error::from_errno(error_number, "io_uring_setup");
  if (error_number == EPERM || error_number == EACCES) {
    error.kind = ErrorKind::refused;
    error.reason +=
        " (io_uring is forbidden here: in a container run with the seccomp profile deploy/container/seccomp.json; "
        "on the host set kernel.io_uring_disabled=0)";
  } else if (error_number == ENOSYS) {
    // What the default profile of newer container engines makes of a call that it does not know.
    error.kind = ErrorKind::refused;
    error.reason +=
        " (there is no io_uring here: in a container run with the seccomp profile deploy/container/seccomp.json; else "
        "Linux 6.1 or later is needed)";
  } else if (error_number == ENOMEM) {
    error.reason += " (raise the locked-memory limit: ulimit -l)";
  }
  return error;
}

void prepare(io_uring_sqe& entry, const Request& request, Operation& operation) noexcept {
  std::memset(&entry, 0, sizeof entry);
  entry.opcode = request.opcode;
  entry.fd = request.fd;
  entry.addr = reinterpret_cast<std::uintptr_t>(request.address);
  entry.off = request.offset;
  entry.len = request.length;
  entry.rw_flags = static_cast<int>(request.flags);
  entry.flags = request.submit_flags;
  entry.ioprio = request.io_priority;
  entry.buf_group = request.buffer_group;
  entry.user_data = reinterpret_cast<std::uintptr_t>(&operation);
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create(const Options& options) {
  std::unique_ptr<Ring> ring(new Ring);
  // CQSIZE: a turn may complete far more than it submits (multishot). CLAMP: a smaller limit is better than no start.
  // SUBMIT_ALL: one bad request must not hold up those behind it. SINGLE_ISSUER and DEFER_TASKRUN: completions are
  // processed when this thread asks, never by interrupting it; COOP_TASKRUN is the older form of the same (5.19).
  // R_DISABLED: the only time at which a ring can be restricted; the single issuer is then whoever enables it.
  constexpr unsigned base =
      IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED;
  constexpr unsigned preferred[] = {base | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                    base | IORING_SETUP_COOP_TASKRUN, base};
  int result = -EINVAL;
  for (const unsigned flags : preferred) {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = options.completion_entries;
    result = ::io_uring_queue_init_params(options.submission_entries, &ring->ring_, &params);
    if (result != -EINVAL) break;
  }
  if (result < 0) return std::unexpected(setup_error(-result));
  ring->ready_ = true;
  ring->restricted_ = restrict_ring(ring->ring_);
  if (const int enabled = enable_ring(ring->ring_); enabled < 0) return std::unexpected(setup_error(-enabled));
  // Saves the descriptor look-up of every io_uring_enter; only a speed-up, so a refusal is no error.
  static_cast<void>(::io_uring_register_ring_fd(&ring->ring_));
  return ring;
}

Ring::~Ring() {
  if (ready_) ::io_uring_queue_exit(&ring_);
}

io_uring_sqe& Ring::next_entry() noexcept {
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    // The submission queue is full: hand it over early. EBUSY and EAGAIN ask for completions to be taken first, which
    // the kernel does while it is entered with "get events".
    ::io_uring_submit_and_get_events(&ring_);
    entry = ::io_uring_get_sqe(&ring_);
  }
  return *entry;
}

void Ring::queue(const Request& request, Operation& operation) noexcept {
  prepare(next_entry(), request, operation);
}

void Ring::queue_linked(std::span<const Request> requests, Operation* const* operations) noexcept {
  // A chain that is cut by a submission in the middle is two chains.
  if (::io_uring_sq_space_left(&ring_) < requests.size()) ::io_uring_submit_and_get_events(&ring_);
  RINGPOST_ASSERT(::io_uring_sq_space_left(&ring_) >= requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    io_uring_sqe& entry = next_entry();
    prepare(entry, requests[i], *operations[i]);
    if (i + 1 < requests.size()) entry.flags |= IOSQE_IO_LINK;
  }
}

void Ring::queue_cancel(Operation& operation) noexcept {
  io_uring_sqe& entry = next_entry();
  ::io_uring_prep_cancel(&entry, &operation, 0);
  entry.user_data = 0;
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::queue_wake(int ring_descriptor, Operation& operation) noexcept {
  io_uring_sqe& entry = next_entry();
  ::io_uring_prep_msg_ring(&entry, ring_descriptor, 0, reinterpret_cast<std::uintptr_t>(&operation), 0);
  entry.user_data = 0;
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::submit_and_collect(MonotonicTime until, MonotonicTime now, Duration& slept) noexcept {
  io_uring_cqe* first = nullptr;
  if (until <= now) {
    ::io_uring_submit_and_get_events(&ring_);
    slept = Duration::zero();
  } else {
    const MonotonicTime before = monotonic_now();
    if (until == MonotonicTime::max()) {
      ::io_uring_submit_and_wait(&ring_, 1);
    } else {
      const Duration wait = until - now;
      __kernel_timespec timeout{.tv_sec = wait / std::chrono::seconds(1),
                                .tv_nsec = (wait % std::chrono::seconds(1)).count()};
      ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
    }
    slept = monotonic_now() - before;
  }
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    ++count;
    // 0 is a cancel or wake request that failed: its target has completed already, or is told by its own completion.
    if (completion->user_data == 0) continue;
    reinterpret_cast<Operation*>(completion->user_data)->complete(completion->res, completion->flags);
  }
  ::io_uring_cq_advance(&ring_, count);
}

}  // namespace ringpost::io
