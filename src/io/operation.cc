#include "io/operation.h"

#include <cerrno>

#include "io/reactor.h"

namespace ringpost::io {

int Interrupt::arm(Deadline deadline, Cancel cancel) noexcept {
  if (cancel.requested()) return -ECANCELED;
  cancel.listen(listener_);
  if (!deadline.is_never()) reactor_.timers().arm(timer_, deadline.at);
  return 0;
}

void Interrupt::DeadlineTimer::on_timer() noexcept {
  owner.listener_.unlink();
  owner.target_.interrupt(-ETIME);
}

void Interrupt::Listener::on_cancel() noexcept {
  owner.timer_.unlink();
  owner.target_.interrupt(-ECANCELED);
}

bool Submission::await_suspend(std::coroutine_handle<> awaiting) noexcept {
  waiting_ = awaiting;
  result_ = interrupt_.arm(deadline_, cancel_);
  if (result_ != 0) return false;
  reactor_.submit(request_, *this);
  return true;
}

void Submission::interrupt(int error) noexcept {
  interrupted_ = error;
  reactor_.cancel(*this);
}

void Submission::complete(int result, std::uint32_t) noexcept {
  interrupt_.disarm();
  // A request that finished before the cancellation reached it keeps its result: its octets are on the wire or on disk.
  result_ = result == -ECANCELED && interrupted_ != 0 ? interrupted_ : result;
  reactor_.make_ready(*this);
}

}  // namespace ringpost::io
