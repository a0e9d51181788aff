// Which TLS library is in: the one built here with assembly, or the distribution's package.
#pragma once

#include <string>

namespace ringpost::tls {

/// "wolfSSL 5.5.4 (built with assembly)" or "wolfSSL 5.5.4 (packaged)".
std::string library_version();

}  // namespace ringpost::tls
