#include "sasl/smtp_authenticate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/text.h"
#include "smtp/limits.h"

namespace ringpost::sasl {

using io::Cancel;
using io::Deadline;
using io::Task;
using smtp::Reply;

namespace {

constexpr std::uint16_t challenge_code = 334;
constexpr std::uint16_t success_code = 235;
constexpr unsigned challenges_max = 10;
constexpr std::size_t line_octets_max = smtp::limits::command_line_base_octets - 2;

// What we have said may be a password. Some servers repeat it in their refusals, which go into the log and into
// bounces: such words are left out.
class Said {
 public:
  void add(std::string_view response, std::string_view encoded) {
    const std::string_view last = response.substr(response.rfind('\0') + 1);  // of PLAIN: the password
    for (const std::string_view words : {encoded, last})
      if (!words.empty()) words_.push_back(printable(words, words.size()));
  }
  Result<Reply> left_out_of(Result<Reply> reply) const {
    constexpr std::string_view instead = "(its words repeat ours, and are left out)";
    if (!reply) {
      // Quoted, but cut: a part of ours is not found.
      if (reply.error().kind == ErrorKind::invalid) reply.error().reason = "AUTH is answered with what is no reply";
    } else if (is_in(reply->one_line(smtp::limits::peer_reply_octets_max))) {
      reply = reply->enhanced() ? Reply(reply->code(), *reply->enhanced(), instead) : Reply(reply->code(), instead);
    }
    return reply;
  }

 private:
  bool is_in(std::string_view text) const {
    return std::ranges::any_of(words_, [text](const std::string& words) { return text.contains(words); });
  }
  std::vector<std::string> words_;
};

struct Conversation {
  smtp::Client& client;
  ClientExchange& exchange;
  io::OffloadPool* helpers;  // nullptr: steps run here
  Deadline deadline;
  Cancel cancel;
};

Task<Result<std::string>> step(const Conversation& with, std::string challenge) {
  if (!with.helpers) co_return with.exchange.step(challenge);
  auto work = [&exchange = with.exchange, asked = std::move(challenge)] { return exchange.step(asked); };
  auto done = co_await with.helpers->run(std::move(work));
  if (!done) co_return propagate(done);
  co_return std::move(*done);
}

/// RFC 4954 4: "*" cancels, and the server says 501. Then `why` is the end of it.
Task<Result<Reply>> give_up(const Conversation& with, Error why) {
  auto reply = co_await with.client.command("*", with.deadline, with.cancel);
  if (!reply) co_return propagate(reply);
  co_return std::unexpected(std::move(why));
}

Task<Result<Reply>> run(Conversation with) {
  Said said;
  std::string line = "AUTH " + std::string(with.exchange.mechanism());
  // An initial response that does not fit is the answer to an empty challenge.
  std::optional<std::string> unsaid = with.exchange.initial_response();
  if (unsaid) {
    const std::string encoded = unsaid->empty() ? "=" : base64_encode(*unsaid);
    if (line.size() + 1 + encoded.size() <= line_octets_max) {
      line += " " + encoded;
      if (!unsaid->empty()) said.add(*unsaid, encoded);
      unsaid.reset();
    }
  }
  auto reply = co_await with.client.command(std::move(line), with.deadline, with.cancel);
  for (unsigned challenges = 0; reply && reply->code() == challenge_code; ++challenges) {
    const auto lines = reply->lines();
    auto challenge = lines.size() == 1 ? base64_decode(lines.front()) : std::nullopt;
    if (!challenge) co_return co_await give_up(with, Error(ErrorKind::refused, "a challenge that is not base64"));
    if (challenges == challenges_max)
      co_return co_await give_up(with, Error(ErrorKind::refused, "challenges without an end"));
    Result<std::string> response;
    if (unsaid) {
      response = std::move(*unsaid);
      unsaid.reset();
    } else {
      response = co_await step(with, std::move(*challenge));
    }
    if (!response) co_return co_await give_up(with, std::move(response.error()));
    std::string encoded = base64_encode(*response);
    said.add(*response, encoded);
    reply = co_await with.client.command(std::move(encoded), with.deadline, with.cancel);
  }
  if (reply && reply->code() == success_code) {
    if (unsaid) co_return fail(ErrorKind::refused, "the server was content with nothing");
    auto proved = with.exchange.finish();
    if (!proved) co_return propagate(proved);
  }
  co_return said.left_out_of(std::move(reply));
}

}  // namespace

Task<Result<Reply>> authenticate(smtp::Client& client, ClientExchange& exchange, Deadline deadline, Cancel cancel) {
  return run({client, exchange, nullptr, deadline, cancel});
}

Task<Result<Reply>> authenticate(smtp::Client& client, ClientExchange& exchange, io::OffloadPool& helpers,
                                 Deadline deadline, Cancel cancel) {
  return run({client, exchange, &helpers, deadline, cancel});
}

}  // namespace ringpost::sasl
