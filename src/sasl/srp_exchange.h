// SRP as a server: both sides prove that they know the password, which never leaves the client, and whoever listens, or
// steals what the server keeps, cannot log in. No security layers: TLS is below.
//
// The proofs are computed as Cyrus SASL does, the one client there is: where the draft leaves a choice (the multiplier,
// K as it is in the proofs), this follows it.
//
// Standards: draft-burdis-cat-srp-sasl-08.
#pragma once

#include <memory>

#include "account/store.h"
#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_srp(const ServerContext& context);

/// `store` outlives it.
std::unique_ptr<ServerExchange> make_srp_exchange(account::Store& store);

}  // namespace ringpost::sasl
