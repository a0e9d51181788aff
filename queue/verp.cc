#include "queue/verp.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::queue {
namespace {

// Whether `listed` ("news@lists.example", local part as written, domain in any case) is this address.
bool names(const std::string& listed, const mail::Address& address) noexcept {
  const std::size_t at = listed.rfind('@');
  return at != std::string::npos && std::string_view(listed).substr(0, at) == address.local &&
         iequals(std::string_view(listed).substr(at + 1), address.domain);
}

}  // namespace

bool has_verp(const Options& options, const mail::Envelope& envelope) noexcept {
  return std::ranges::any_of(options.verp_senders,
                             [&](const std::string& listed) { return names(listed, envelope.reverse_path); });
}

mail::Address reverse_path_for(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient) {
  constexpr std::size_t brackets = 2;
  if (!has_verp(options, envelope)) return envelope.reverse_path;
  const mail::Address& to = envelope.recipients[recipient].address;
  mail::Address address = envelope.reverse_path;
  address.local += "+" + to.local + "=" + to.domain;
  return address.text().size() + brackets <= mail::path_octets_max ? address : envelope.reverse_path;
}

}  // namespace ringpost::queue
