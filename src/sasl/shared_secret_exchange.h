// CRAM-MD5 and DIGEST-MD5, for clients that know nothing better: both sides need the password itself. A login without
// one gets a random one, so that it fails where a wrong password does.
//
// Standards: RFC 2195 (CRAM-MD5), RFC 2831 (DIGEST-MD5; quality of protection "auth" only: TLS does the rest).
#pragma once

#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_cram_md5(const ServerContext& context);
Result<Maker> prepare_digest_md5(const ServerContext& context);

}  // namespace ringpost::sasl
