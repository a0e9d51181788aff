// Which TLS library is in: the one built here with assembly, or the distribution's package; and what it keeps for each
// thread.
#pragma once

#include <string>

namespace ringpost::tls {

/// "wolfSSL 5.5.4 (built with assembly)" or "wolfSSL 5.5.4 (packaged)".
std::string library_version();

/// On the stack of a thread that speaks TLS, around all that does: the library keeps tables of the public keys that the
/// thread has met more than once, most of a MiB each and a dozen at most, and only the thread itself can free them.
struct ThreadTables {
  ThreadTables() = default;
  ~ThreadTables();
  ThreadTables(const ThreadTables&) = delete;
  ThreadTables& operator=(const ThreadTables&) = delete;
};

}  // namespace ringpost::tls
