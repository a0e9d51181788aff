// PLAIN and LOGIN: the password itself, which the store verifies.
//
// Standards: RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN).
#pragma once

#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_plain(const ServerContext& context);
Result<Maker> prepare_login(const ServerContext& context);

}  // namespace ringpost::sasl
