// What a client wants of priority and time: MT-PRIORITY (RFC 6710), HOLDFOR and HOLDUNTIL (RFC 4865), BY (RFC 2852).
// What a sibling hands over says it with XHANDOFF, and was judged when it came (handoff.cc).
#include <algorithm>

#include "server/session.h"
#include "smtp/params.h"
#include "smtp/replies.h"

namespace ringpost::server {

namespace replies = smtp::replies;

// RFC 4865 5: of a submission server and behind AUTH alone; who holds mail for strangers is a place to hide it.
void Session::offer_future_release(smtp::Extensions& offered) const {
  if (identity_ == nullptr) offered.future_release_seconds = 0;
  if (offered.future_release_seconds != 0)
    offered.future_release_until = WallTime::now() + std::chrono::seconds(offered.future_release_seconds);
}

// RFC 6710: who is not trusted gets what mail of this listener has, or the less that it asks for.
std::int8_t Session::granted_priority(const smtp::MailCommand& command) const {
  const std::int8_t usual = listener_->priority;
  const std::int8_t most = settings_->access->is_trusted(client_) ? listener_->priority_max : usual;
  return std::min(command.priority.value_or(usual), std::max(most, usual));
}

std::optional<smtp::Reply> Session::take_wishes(const smtp::MailCommand& command, mail::Envelope& envelope) const {
  const bool holds = command.hold_for_seconds || command.hold_until;
  if (holds && identity_ == nullptr) return replies::parameter_not_recognized();
  envelope.priority = granted_priority(command);
  if (!holds && !command.by) return std::nullopt;
  const WallTime now = WallTime::now();
  if (holds) {
    const WallTime until =
        command.hold_until.value_or(now + std::chrono::seconds(command.hold_for_seconds.value_or(0)));
    const Duration most = settings_->options->limits.future_release_max;
    if (until > now + most) return replies::hold_too_long(most);
    if (until > now) envelope.not_before = until;
  }
  if (command.by) {
    envelope.deliver_by = {command.by->mode, command.by->trace, now + std::chrono::seconds(command.by->seconds)};
    // RFC 4865: it would be late before it leaves.
    if (envelope.deliver_by.deadline <= envelope.not_before) return replies::deadline_before_release();
  }
  return std::nullopt;
}

}  // namespace ringpost::server
