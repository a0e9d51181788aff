// GSSAPI: Kerberos, by tickets for the service smtp@HOSTNAME whose key is in the keytab. A principal is an account by
// its whole name (ann@EXAMPLE.COM) or, in our own realm, by what stands before the realm (ann): a realm that Kerberos
// merely trusts must not name our accounts.
//
// Standards: RFC 4752 (no security layer: TLS does that).
#pragma once

#include <string>
#include <string_view>

#include "sasl/mechanism.h"

namespace ringpost::sasl {

/// Errors: invalid (no keytab that we can read, no GSSAPI in this GNU SASL), unavailable.
Result<Maker> prepare_gssapi(const ServerContext& context);

/// The name of `principal` without the realm, where that is `realm` or, with an empty one, `hostname` or a domain above
/// it (with a dot in it); empty otherwise.
std::string local_principal(std::string_view principal, std::string_view realm, std::string_view hostname);

}  // namespace ringpost::sasl
