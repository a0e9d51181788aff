// From what happened to what it means for a recipient: 2xx delivered, 4xx tried again, 5xx given up; whatever broke the
// conversation is tried again. The diagnostic is one printable line, bounded.
//
// Standards: RFC 5321 4.2.1, RFC 3463.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mail/delivery_status.h"
#include "smtp/reply.h"

namespace ringpost::relay {

using Statuses = std::vector<mail::DeliveryStatus>;

/// `remote` took or refused the recipient with `reply`. A 3xx where an end was due is tried again (451 4.5.0).
mail::DeliveryStatus from_reply(std::uint32_t recipient, const smtp::Reply& reply, std::string_view remote);
/// The conversation with `remote` (empty: nobody was reached) broke. Deferred with `enhanced` of class 4.
mail::DeliveryStatus from_error(std::uint32_t recipient, const Error& error, EnhancedCode enhanced,
                                std::string_view remote);
/// In our own words; the action follows the class of `status`.
mail::DeliveryStatus in_our_words(std::uint32_t recipient, PublicStatus status, std::string_view diagnostic,
                                  std::string_view remote);

/// Against what the reply's code says: tried again (its 5 becomes a 4), or given up (its 4 becomes a 5).
void defer(mail::DeliveryStatus& status) noexcept;
void fail_for_good(mail::DeliveryStatus& status) noexcept;

/// The same for every one of `recipients`.
Statuses for_all(const std::vector<std::uint32_t>& recipients, const mail::DeliveryStatus& status);

}  // namespace ringpost::relay
