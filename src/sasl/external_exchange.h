// EXTERNAL: TLS has verified a certificate, and the store knows an account by one of the names in it.
//
// Standards: RFC 4422 appendix A.
#pragma once

#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_external(const ServerContext& context);

}  // namespace ringpost::sasl
