#include "bench/sink_session.h"

#include <algorithm>
#include <cerrno>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr Duration silence_max = std::chrono::minutes(30);
constexpr Duration send_wait = std::chrono::minutes(5);
constexpr std::size_t output_octets_max = 64 * 1024;

}  // namespace

SinkSession::SinkSession(SinkShared& shared, SinkCounts& counts, io::Reactor& reactor,
                         std::unique_ptr<io::Stream> stream)
    : shared_(shared), counts_(counts), reactor_(reactor), faults_(shared.options.faults), stream_(std::move(stream)) {}

Task<> SinkSession::run(Cancel cancel) {
  counts_.connections.add();
  bool on = true;
  if (shared_.options.encryption == Encryption::implicit) on = co_await secure(cancel);
  if (on) static_cast<void>(co_await converse(cancel));
  if (in_content_) counts_.broken.add();
  reset();
  co_await stream_->close();
}

Task<bool> SinkSession::converse(Cancel cancel) {
  const std::string greeting =
      "220 " + shared_.options.hostname + (shared_.options.lmtp ? " LMTP" : " ESMTP") + " sink\r\n";
  bool on = co_await answer(Stage::greeting, greeting, {}, cancel);
  if (answered_ != '2') over_ = true;
  while (on && !over_) {
    if (!input_.has_line() || output_.size() > output_octets_max) {
      // Answers to pipelined commands leave together (RFC 2920 3.2).
      on = co_await flush(cancel);
      if (on && !input_.has_line()) on = co_await receive(cancel);
      continue;
    }
    auto line = input_.next_line(smtp::limits::command_line_octets_max);
    if (!line) {
      output_ += "500 5.5.2 not a command line\r\n";
      continue;
    }
    auto command = smtp::parse_command(line->value_or(std::string_view()));
    if (!command) {
      output_ += "500 5.5.2 syntax error\r\n";
      continue;
    }
    on = co_await dispatch(*command, cancel);
  }
  if (on) on = co_await flush(cancel);
  co_return on;
}

Task<bool> SinkSession::receive(Cancel cancel) {
  auto octets = co_await stream_->receive(Deadline::after(silence_max), cancel);
  if (!octets || octets->empty()) co_return false;
  input_.append(std::move(*octets));
  co_return true;
}

Task<bool> SinkSession::flush(Cancel cancel) {
  if (output_.empty()) co_return true;
  if (faults_.octets_per_second() > 0) co_return co_await send_slowly(cancel);
  auto sent = co_await stream_->send(std::string_view(output_), Deadline::after(send_wait), cancel);
  output_.clear();
  if (sent && std::exchange(enough_, false)) shared_.on_enough();
  co_return sent.has_value();
}

Task<bool> SinkSession::send_slowly(Cancel cancel) {
  // At most a hundred steps a second: one octet each, or as many as the rate asks for.
  const double rate = faults_.octets_per_second();
  const auto step = std::max<std::size_t>(1, static_cast<std::size_t>(rate / 100));
  const std::chrono::duration<double> pause(static_cast<double>(step) / rate);
  const std::string reply = std::exchange(output_, {});
  for (std::size_t at = 0; at < reply.size(); at += step) {
    auto sent = co_await stream_->send(std::string_view(reply).substr(at, step), Deadline::after(send_wait), cancel);
    if (!sent) co_return false;
    const int slept =
        co_await io::Sleep(reactor_, Deadline::after(std::chrono::duration_cast<Duration>(pause)), cancel);
    if (slept == -ECANCELED) co_return false;
  }
  if (std::exchange(enough_, false)) shared_.on_enough();
  co_return true;
}

Task<bool> SinkSession::answer(Stage stage, std::string_view usual, std::span<const std::string> addresses,
                               Cancel cancel) {
  if (faults_.disconnects(stage)) {
    counts_.hung_up.add();
    co_return false;
  }
  if (const Duration delay = faults_.delay(stage); delay > Duration::zero()) {
    const int slept = co_await io::Sleep(reactor_, Deadline::after(delay), cancel);
    if (slept == -ECANCELED) co_return false;
  }
  // What is wrong by itself (a command out of order) stays what it is.
  const ReplyRule* rule = usual.front() < '4' ? faults_.reply(stage, addresses) : nullptr;
  if (rule != nullptr) usual = rule->reply;
  if (rule != nullptr && rule->ends_session) over_ = true;
  answered_ = usual.front();
  if (answered_ >= '4') counts_.refused.add();
  output_ += usual;
  co_return true;
}

// Not a coroutine: hands out the one that does the work, which the loop awaits at once.
Task<bool> SinkSession::dispatch(smtp::Command command, Cancel cancel) {
  using smtp::Verb;
  const SinkOptions& options = shared_.options;
  switch (command.verb) {
    case Verb::mail:
      return mail(command.argument, cancel);
    case Verb::rcpt:
      return rcpt(command.argument, cancel);
    case Verb::data:
      return data(cancel);
    case Verb::bdat:
      return bdat(std::string(command.argument), cancel);
    case Verb::ehlo:
    case Verb::lhlo:
      if ((command.verb == Verb::lhlo) != options.lmtp)
        return answer(Stage::ehlo, "500 5.5.1 not here\r\n", {}, cancel);
      return hello(command.argument, cancel);
    case Verb::helo:
      reset();
      return answer(Stage::ehlo, "250 sink\r\n", {}, cancel);
    case Verb::rset:
      reset();
      return answer(Stage::rset, "250 2.0.0 reset\r\n", {}, cancel);
    case Verb::starttls:
      return start_tls(command.argument, cancel);
    case Verb::noop:
      return remark("250 2.0.0 ok\r\n");
    case Verb::vrfy:
      return remark("252 2.5.0 try it\r\n");
    case Verb::quit:
      over_ = true;
      return answer(Stage::quit, "221 2.0.0 bye\r\n", {}, cancel);
    default:
      return remark("502 5.5.1 not implemented\r\n");
  }
}

Task<bool> SinkSession::remark(std::string_view reply) {
  output_ += reply;
  co_return true;
}

Task<bool> SinkSession::hello(std::string_view client, Cancel cancel) {
  reset();
  smtp::Extensions offered = shared_.options.offered;
  offered.starttls = shared_.options.encryption == Encryption::starttls && !encrypted_;
  std::string reply;
  smtp::replies::ehlo_ok(shared_.options.hostname, client, offered).append_to(reply);
  co_return co_await answer(Stage::ehlo, reply, {}, cancel);
}

}  // namespace ringpost::bench
