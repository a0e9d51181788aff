// Client: from clear text to TLS over the same connection (RFC 3207, RFC 8314 3).
#include <utility>

#include "smtp/client.h"

namespace ringpost::smtp {

io::Task<Result<void>> Client::secure(tls::ClientContext& context, tls::ClientWish wish, io::Deadline deadline,
                                      io::Cancel cancel) {
  if (!usable_) co_return fail(ErrorKind::closed, "the connection is of no more use");
  if (spoke_unasked()) co_return broken(Error(ErrorKind::invalid, "the server spoke before the handshake"));
  step_ = "in the TLS handshake";
  auto encrypted = tls::Stream::client(std::move(stream_), context, std::move(wish));
  tls::Stream& above = *encrypted;
  stream_ = std::move(encrypted);
  auto done = co_await above.handshake(wait(waits_.handshake, deadline), cancel);
  if (!done) {
    if (done.error().kind == ErrorKind::refused) step_ = {};  // it says so itself
    co_return broken(std::move(done.error()));
  }
  tls_ = &above;
  co_return Result<void>{};
}

}  // namespace ringpost::smtp
