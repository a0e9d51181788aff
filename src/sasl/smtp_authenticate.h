// AUTH over a connection to another server: runs a ClientExchange to its end. The mechanisms neither know SMTP nor
// base64; this does.
//
// Standards: RFC 4954 4 (AUTH, "=", "*").
#pragma once

#include "base/result.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/offload.h"
#include "io/task.h"
#include "sasl/client.h"
#include "smtp/client.h"

namespace ringpost::sasl {

/// The last reply: 235, or what the server gave in its place, without its words where they repeat ours. `client` and
/// `exchange` outlive it. Errors: refused (the server did not prove itself or talks nonsense: the exchange was
/// cancelled with "*"; after a 235 it must not be trusted, so leave), closed, timed_out, cancelled, io.
io::Task<Result<smtp::Reply>> authenticate(smtp::Client& client, ClientExchange& exchange, io::Deadline deadline,
                                           io::Cancel cancel);
/// The same with the exchange's steps on `helpers`: SCRAM hashes a password for milliseconds, for a second where the
/// server wants it. Errors also: unavailable.
io::Task<Result<smtp::Reply>> authenticate(smtp::Client& client, ClientExchange& exchange, io::OffloadPool& helpers,
                                           io::Deadline deadline, io::Cancel cancel);

}  // namespace ringpost::sasl
