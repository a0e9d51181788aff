// Session tickets of a server context, sealed by our keys instead of the library's, which differ from context to
// context.
//
// A ticket is bound to the name the client asked for (RFC 6066 3: a session is resumed only under it). The ticket of a
// client that showed a certificate can be opened by nobody: it would let the client back in without the certificate
// being seen again, and who it is would be lost. A client that would resume without a new key exchange (psk_ke) gets a
// full handshake: whoever came by a ticket key could read the session it resumed.
#pragma once

#include "tls/ticket_keys.h"
#include "tls/wolf.h"

namespace ringpost::tls {

/// `keys` outlives the context. Sessions made from it have a Channel as context of their receive callback.
void use_tickets(WOLFSSL_CTX* context, TicketKeys& keys);

}  // namespace ringpost::tls
