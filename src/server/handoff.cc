// XHANDOFF: a sibling that leaves hands over what it has queued, and we keep it as if we had taken it ourselves
// (smtp/handoff.h). What makes a sibling is its address, as it makes a trusted client; whoever else says it is answered
// as if we had never heard the word.
#include "smtp/handoff.h"

#include "server/session.h"
#include "smtp/limits.h"
#include "smtp/replies.h"

namespace ringpost::server {

namespace replies = smtp::replies;

bool Session::is_sibling() const noexcept {
  return policy::any_contains(listener_->handoff_from, client_.address);
}

smtp::Reply Session::handoff(std::string_view argument) {
  if (!is_sibling()) return replies::unknown_command();
  if (!esmtp_) return replies::bad_sequence("EHLO first");
  if (transaction_ != nullptr) return replies::bad_sequence("XHANDOFF comes before MAIL");
  provenance_.reset();
  auto provenance = smtp::parse_handoff(argument);
  if (!provenance) return replies::from_error(provenance.error());
  provenance_ = std::make_unique<smtp::Provenance>(std::move(*provenance));
  return replies::handoff_ok();
}

std::uint64_t Session::message_size_max(bool handed) const noexcept {
  return settings_->options->limits.message_size_max + (handed ? smtp::limits::handoff_trace_octets : 0);
}

}  // namespace ringpost::server
