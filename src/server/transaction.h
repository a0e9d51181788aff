// A mail transaction (RFC 5321 3.3): from MAIL to the end of the data, or to RSET. Forgetting it is
// `transaction_.reset()`.
#pragma once

#include <memory>
#include <optional>

#include "mail/envelope.h"
#include "queue/upload.h"
#include "smtp/bdat_decoder.h"
#include "smtp/handoff.h"

namespace ringpost::server {

struct Transaction {
  mail::Envelope envelope;
  std::uint32_t recipients_refused = 0;
  std::unique_ptr<smtp::Provenance> handed;  // by a sibling, with what it knows of the message; empty: by a client
  // Set by the first BDAT; the message then comes in chunks, with other commands between them.
  struct Chunks {
    smtp::BdatDecoder decoder;
    std::optional<queue::Upload> upload;  // empty: the queue refused, `refusal` says why
    std::optional<Error> refusal;
  };
  std::unique_ptr<Chunks> chunks;
};

}  // namespace ringpost::server
