// Variable envelope return paths: list software wants to know which recipient a bounce is about, from the address it
// comes to. A message of [queue] verp_senders goes out to one recipient at a time, with the recipient in the
// reverse-path: news@lists.example to ann@example.com is sent by news+ann=example.com@lists.example.
#pragma once

#include <cstdint>

#include "mail/envelope.h"
#include "queue/options.h"

namespace ringpost::queue {

bool has_verp(const Options& options, const mail::Envelope& envelope) noexcept;
/// The reverse-path for `recipient`; the envelope's without VERP, and where it would be too long for a path.
mail::Address reverse_path_for(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient);

}  // namespace ringpost::queue
