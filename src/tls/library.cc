#include "tls/library.h"

// clang-format off: the options come first
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ecc.h>
// clang-format on

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

ThreadTables::~ThreadTables() {
#ifdef FP_ECC  // how the distribution builds it
  wc_ecc_fp_free();
#endif
}

}  // namespace ringpost::tls
