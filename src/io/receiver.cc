#include "io/receiver.h"

#include <cerrno>

#include "io/ring.h"
#include "telemetry/metrics.h"

namespace ringpost::io {

void Receiver::arm() noexcept {
  armed_ = true;
  cancelling_ = false;
  reactor_.submit({.opcode = IORING_OP_RECV,
                   .fd = fd_,
                   .submit_flags = IOSQE_BUFFER_SELECT,
                   .io_priority = IORING_RECV_MULTISHOT,
                   .buffer_group = BufferRing::group},
                  *this);
}

bool Receiver::take_pending() noexcept {
  if (pending_head_ < pending_.size()) {
    last_ = std::move(pending_[pending_head_++]);
    result_ = static_cast<int>(last_.size());
    if (pending_head_ == pending_.size()) {
      pending_.clear();
      pending_head_ = 0;
    }
    return true;
  }
  if (!finished_) return false;
  last_ = {};
  result_ = end_result_;
  return true;
}

bool Receiver::begin_wait(Next& wait, std::coroutine_handle<> awaiting) noexcept {
  RINGPOST_ASSERT(waiting_ == nullptr && !stopping_);
  last_ = {};
  result_ = wait.interrupt_.arm(wait.deadline_, wait.cancel_);
  if (result_ != 0) return false;
  waiting_ = awaiting;
  wait_ = &wait;
  if (!armed_ && !BufferWaiter::linked()) arm();
  return true;
}

void Receiver::complete(int result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) armed_ = false;
  const bool has_buffer = (flags & IORING_CQE_F_BUFFER) != 0;
  const auto index = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  BufferRing& buffers = reactor_.receive_buffers();
  if (result > 0) {
    pending_.push_back(buffers.take(index, static_cast<std::uint32_t>(result)));
    if (armed_ && !cancelling_ && pending_.size() - pending_head_ >= ahead_max) {
      cancelling_ = true;
      reactor_.cancel(*this);
    }
  } else {
    if (has_buffer) buffers.give_back(index);
    if (result == -ENOBUFS) {
      if (buffers.free() == 0) telemetry::counters().buffer_ring_empty_total.add();
      if (waiting_ != nullptr) buffers.wait(*this);
    } else if (result != -ECANCELED || !cancelling_) {
      finished_ = true;
      end_result_ = result;
    } else if (waiting_ != nullptr && pending_head_ == pending_.size() && !stopping_) {
      arm();  // the pause for back-pressure ended after its reason had gone
    }
  }
  wake();
}

void Receiver::wake() noexcept {
  const bool stopped = stopping_ && !armed_;
  const bool news = !stopping_ && (pending_head_ < pending_.size() || finished_);
  if (waiting_ == nullptr || Runnable::linked() || !(stopped || news)) return;
  if (wait_ != nullptr) wait_->interrupt_.disarm();
  reactor_.make_ready(*this);
}

void Receiver::run() noexcept {
  if (wait_ != nullptr && result_ == 0) take_pending();
  wait_ = nullptr;
  std::exchange(waiting_, nullptr).resume();
}

void Receiver::interrupt(int error) noexcept {
  // The receive stays armed: whoever gave up on this wait closes the connection or waits again.
  result_ = error;
  if (wait_ != nullptr) wait_->interrupt_.disarm();
  if (!Runnable::linked()) reactor_.make_ready(*this);
}

void Receiver::on_buffers_free() noexcept {
  if (!armed_ && !stopping_) arm();
}

Task<> Receiver::stop() {
  RINGPOST_ASSERT(waiting_ == nullptr);
  stopping_ = true;
  BufferWaiter::unlink();
  if (armed_) {
    cancelling_ = true;
    reactor_.cancel(*this);
    struct Wait {
      Receiver& receiver;
      bool await_ready() const noexcept { return !receiver.armed_; }
      void await_suspend(std::coroutine_handle<> awaiting) const noexcept { receiver.waiting_ = awaiting; }
      void await_resume() const noexcept {}
    };
    co_await Wait{*this};
  }
  pending_.clear();
  pending_head_ = 0;
  last_ = {};
}

}  // namespace ringpost::io
