// Cancellation: a CancelSource says "stop", a Cancel is the ear that a wait holds up to it. One core. The source
// outlives its Cancels; a wait that hears it ends with -ECANCELED as soon as the kernel has let go of its memory.
#pragma once

#include "base/intrusive.h"

namespace ringpost::io {

class CancelListener : public ListNode {
 public:
  virtual void on_cancel() noexcept = 0;

 protected:
  ~CancelListener() = default;
};

class CancelSource {
 public:
  void request() noexcept {
    requested_ = true;
    // A listener leaves the list before it is told, so that it may re-register or die in the call.
    while (!listeners_.empty()) listeners_.pop_front().on_cancel();
  }
  bool requested() const noexcept { return requested_; }

 private:
  friend class Cancel;
  bool requested_ = false;
  IntrusiveList<CancelListener> listeners_;
};

class Cancel {
 public:
  Cancel(CancelSource& source) noexcept : source_(&source) {}  // NOLINT(google-explicit-constructor)
  /// For what must run to its end (closing, outcome records).
  static Cancel never() noexcept { return Cancel(); }

  bool requested() const noexcept { return source_ != nullptr && source_->requested(); }
  void listen(CancelListener& listener) const noexcept {
    if (source_ != nullptr) source_->listeners_.push_back(listener);
  }

 private:
  Cancel() noexcept = default;
  CancelSource* source_ = nullptr;
};

}  // namespace ringpost::io
