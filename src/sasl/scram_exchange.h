// SCRAM from the keys that the store has: the password itself is never seen. A login without keys gets the store's
// decoy and fails at the proof, as a wrong password does.
//
// Standards: RFC 5802 (SCRAM-SHA-1), 7677 (SCRAM-SHA-256), 5929 (tls-unique), 9266 (tls-exporter).
#pragma once

#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_scram_sha256_plus(const ServerContext& context);
Result<Maker> prepare_scram_sha256(const ServerContext& context);
Result<Maker> prepare_scram_sha1_plus(const ServerContext& context);
Result<Maker> prepare_scram_sha1(const ServerContext& context);

}  // namespace ringpost::sasl
