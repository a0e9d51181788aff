#include "relay/outcome.h"

#include "base/text.h"

namespace ringpost::relay {

namespace {

constexpr std::size_t diagnostic_octets_max = 1000;

mail::Action action_of(std::uint16_t code) noexcept {
  if (code >= 200 && code < 300) return mail::Action::delivered;
  return code >= 500 ? mail::Action::failed : mail::Action::deferred;
}

}  // namespace

mail::DeliveryStatus from_reply(std::uint32_t recipient, const smtp::Reply& reply, std::string_view remote) {
  PublicStatus status = reply.status();
  if (!reply.positive() && !reply.transient() && !reply.permanent()) status = {451, {4, 5, 0}};
  return {recipient, action_of(status.code), status, reply.one_line(diagnostic_octets_max), std::string(remote)};
}

mail::DeliveryStatus from_error(std::uint32_t recipient, const Error& error, EnhancedCode enhanced,
                                std::string_view remote) {
  return {recipient,
          mail::Action::deferred,
          {451, enhanced},
          printable(error.reason, diagnostic_octets_max),
          std::string(remote)};
}

mail::DeliveryStatus in_our_words(std::uint32_t recipient, PublicStatus status, std::string_view diagnostic,
                                  std::string_view remote) {
  return {recipient, action_of(status.code), status, printable(diagnostic, diagnostic_octets_max), std::string(remote)};
}

void defer(mail::DeliveryStatus& status) noexcept {
  if (status.action != mail::Action::failed) return;
  status.action = mail::Action::deferred;
  status.status.code -= 100;
  status.status.enhanced.klass = 4;
}

void fail_for_good(mail::DeliveryStatus& status) noexcept {
  if (status.action != mail::Action::deferred) return;
  status.action = mail::Action::failed;
  status.status.code += 100;
  status.status.enhanced.klass = 5;
}

Statuses for_all(const std::vector<std::uint32_t>& recipients, const mail::DeliveryStatus& status) {
  Statuses statuses(recipients.size(), status);
  for (std::size_t i = 0; i < recipients.size(); ++i) statuses[i].recipient = recipients[i];
  return statuses;
}

}  // namespace ringpost::relay
