#include "tls/library.h"

#include "tls/wolf.h"

namespace ringpost::tls {

std::string library_version() {
#ifdef RINGPOST_WOLFSSL_TUNED
  constexpr const char* kind = " (built with assembly)";
#else
  constexpr const char* kind = " (packaged)";
#endif
  return std::string("wolfSSL ") + wolfSSL_lib_version() + kind;
}

}  // namespace ringpost::tls
