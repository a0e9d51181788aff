// What we put in front of a connection to a proxy that makes the onward connection for us: from which address it is to
// leave, and where to. The proxy does not answer.
//
// Standards: "The PROXY protocol, versions 1 & 2", 2.2 (binary).
#pragma once

#include <string>

#include "io/socket_address.h"

namespace ringpost::relay {

/// Both IPv4 or both IPv6.
std::string proxy_v2_header(const io::SocketAddress& source, const io::SocketAddress& destination);

}  // namespace ringpost::relay
