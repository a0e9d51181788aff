#include "smtp/client.h"

#include <utility>

#include "base/assert.h"
#include "smtp/command_writer.h"

namespace ringpost::smtp {

using io::Cancel;
using io::Deadline;
using io::Task;

Client::Client(std::unique_ptr<io::Stream> stream, Waits waits) noexcept : stream_(std::move(stream)), waits_(waits) {}

Client::~Client() {
  RINGPOST_ASSERT(closed_);
}

std::unexpected<Error> Client::broken(Error error) {
  usable_ = false;
  if (!step_.empty() && error.kind != ErrorKind::cancelled) error.reason.insert(0, std::string(step_) + ": ");
  return std::unexpected(std::move(error));
}

bool Client::spoke_unasked() const noexcept {
  return !is_silent() || stream_->has_pending();
}

std::optional<Result<Reply>> Client::buffered_reply() {
  if (input_.empty()) return std::nullopt;
  std::string_view octets = input_.view();
  auto reply = parser_.feed(octets);
  if (octets.empty()) {
    input_ = io::Slice();  // gives the receive buffer back
  } else {
    input_.remove_prefix(input_.size() - octets.size());
  }
  if (!reply) return Result<Reply>(broken(std::move(reply.error())));
  if (!*reply) return std::nullopt;
  if ((*reply)->ends_session()) usable_ = false;
  return Result<Reply>(std::move(**reply));
}

Task<Result<Reply>> Client::read_reply(Deadline deadline, Cancel cancel) {
  for (;;) {
    auto reply = buffered_reply();
    if (reply) co_return std::move(*reply);
    auto octets = co_await stream_->receive(deadline, cancel);
    if (!octets) co_return broken(std::move(octets.error()));
    if (octets->empty()) {
      co_return broken(Error(ErrorKind::closed, parser_.idle()
                                                    ? "the server closed the connection instead of replying"
                                                    : "the server closed the connection in the middle of a reply"));
    }
    input_ = std::move(*octets);
  }
}

Task<Result<void>> Client::send(std::string_view octets, Deadline deadline, Cancel cancel) {
  auto sent = co_await stream_->send(octets, deadline, cancel);
  if (!sent) co_return broken(std::move(sent.error()));
  co_return Result<void>{};
}

Task<Result<Reply>> Client::exchange(std::string_view step, std::string line, Duration own, Deadline deadline,
                                     Cancel cancel) {
  if (!usable_) co_return fail(ErrorKind::closed, "the connection is of no more use");
  if (!is_silent()) co_return broken(Error(ErrorKind::invalid, "the server spoke out of turn"));
  step_ = step;
  const Deadline until = wait(own, deadline);
  auto sent = co_await send(line, until, cancel);
  if (!sent) co_return propagate(sent);
  co_return co_await read_reply(until, cancel);
}

Task<Result<Reply>> Client::greeting(Deadline deadline, Cancel cancel) {
  step_ = "instead of a greeting";
  return read_reply(wait(waits_.greeting, deadline), cancel);
}

Task<Result<Reply>> Client::hello(std::string name, Dialect dialect, Deadline deadline, Cancel cancel) {
  dialect_ = dialect;
  offered_ = Extensions{};
  reset_needed_ = false;
  const std::string verb = dialect == Dialect::lmtp ? "LHLO " : "EHLO ";
  auto reply = co_await exchange(dialect == Dialect::lmtp ? "after LHLO" : "after EHLO", verb + name + "\r\n",
                                 waits_.command, deadline, cancel);
  if (!reply) co_return propagate(reply);
  if (reply->positive()) {
    offered_ = Extensions::from_ehlo_reply(*reply);
  } else if (reply->permanent() && dialect == Dialect::smtp && usable_) {
    // RFC 5321 3.2: a server of before 1993.
    reply = co_await exchange("after HELO", "HELO " + name + "\r\n", waits_.command, deadline, cancel);
  }
  co_return std::move(reply);
}

Task<Result<Reply>> Client::command(std::string line, Deadline deadline, Cancel cancel) {
  RINGPOST_ASSERT(line.find_first_of("\r\n") == std::string::npos);
  line += "\r\n";  // which may hold a secret: no word of it in errors
  return exchange("after our command", std::move(line), waits_.command, deadline, cancel);
}

Task<Result<Reply>> Client::starttls(Deadline deadline, Cancel cancel) {
  auto reply = co_await exchange("after STARTTLS", "STARTTLS\r\n", waits_.command, deadline, cancel);
  if (!reply || !reply->positive()) co_return std::move(reply);
  offered_ = Extensions{};  // RFC 3207 4.2: what was learnt in clear text is forgotten
  if (spoke_unasked())
    co_return broken(Error(ErrorKind::invalid, "something came in clear text behind the reply to STARTTLS"));
  co_return std::move(reply);
}

Task<Result<Reply>> Client::rset(Deadline deadline, Cancel cancel) {
  auto reply = co_await exchange("after RSET", "RSET\r\n", waits_.command, deadline, cancel);
  if (reply && reply->positive()) reset_needed_ = false;
  co_return std::move(reply);
}

Task<> Client::quit(Deadline deadline, Cancel cancel) {
  if (usable_ && !spoke_unasked() && !cancel.requested()) {
    auto reply = co_await exchange("after QUIT", "QUIT\r\n", limits::quit_wait, deadline, cancel);
    static_cast<void>(reply);  // whatever it says, we go
  }
  co_await close();
}

Task<> Client::close() {
  usable_ = false;
  if (std::exchange(closed_, true)) co_return;
  input_ = io::Slice();
  co_await stream_->close();
}

}  // namespace ringpost::smtp
