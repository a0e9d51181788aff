// One connection and its conversation, readable beside RFC 5321: converse() is the loop, each verb is a handler that
// returns a Reply, and the loop writes it. DATA and BDAT hold a dialogue of their own (data.cc, bdat.cc, body.cc).
// Lives in its listener's scope, on one core.
//
// Standards: RFC 5321, 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 1870 (SIZE), 6152, 6531, 3461, 2034, 9422.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/stream.h"
#include "io/task.h"
#include "policy/relay_access.h"
#include "server/context.h"
#include "server/transaction.h"
#include "smtp/command.h"
#include "smtp/data_decoder.h"
#include "smtp/input_buffer.h"
#include "smtp/reply.h"
#include "telemetry/metrics.h"

namespace ringpost::server {

class Session {
 public:
  Session(Context& context, std::unique_ptr<io::Stream> stream, std::string peer);

  /// From the first octet to the last. Never fails: what went wrong is logged.
  io::Task<> run(io::Cancel cancel);

 private:
  using Reply = smtp::Reply;

  // session.cc: the frame of the conversation.
  io::Task<telemetry::SessionResult> serve(io::Cancel cancel);
  io::Task<Result<void>> read_proxy_header(io::Cancel cancel);
  io::Task<Result<void>> converse(Reply reply, io::Cancel cancel);
  io::Task<Result<void>> flush(io::Cancel cancel);
  /// More octets into input_. An end of the stream is an error of kind closed.
  io::Task<Result<void>> receive(io::Deadline deadline, io::Cancel cancel);
  io::Task<Result<void>> wait_for_line(io::Cancel cancel);
  io::Task<> linger();
  void note_refusal(const smtp::Command* command, const Reply& reply);

  // commands.cc: what needs no waiting.
  io::Task<Result<Reply>> dispatch(smtp::Command command, io::Cancel cancel);
  Reply answer(const smtp::Command& command);
  void refused(const smtp::Command& command, const Reply& reply);
  Reply ehlo(std::string_view argument);
  Reply helo(std::string_view argument);
  Reply mail(std::string_view argument);
  Reply rcpt(std::string_view argument);
  Reply rset();
  Reply start_transaction(mail::Envelope envelope);

  // data.cc, bdat.cc, body.cc: the message itself. An error ends the session without another reply.
  io::Task<Result<Reply>> data(io::Cancel cancel);
  io::Task<Result<Reply>> bdat(std::string argument, io::Cancel cancel);
  io::Task<Result<void>> swallow_chunk(std::uint64_t octets, io::Cancel cancel);
  io::Task<Result<void>> receive_chunk(Transaction::Chunks& chunks, io::Cancel cancel);
  io::Task<Result<void>> receive_data(queue::Upload& upload, io::Cancel cancel);
  std::optional<Reply> refuse_before_data(bool chunked) const;
  std::optional<Reply> refuse_body(const mail::BodyFacts& facts) const;
  BareLineEnding limits_bare_line_ending() const noexcept;
  /// Waits a moment first while delivery is a little behind.
  io::Task<Result<queue::Upload>> begin_upload(io::Cancel cancel);
  io::Task<Reply> keep(queue::Upload upload, mail::BodyFacts facts);

  Context& context_;
  std::unique_ptr<io::Stream> stream_;
  smtp::InputBuffer input_;
  std::string output_;  // replies not sent yet
  const std::uint64_t id_;
  policy::ClientIdentity client_;
  std::string peer_;  // "address:port", for the log
  std::string helo_;
  bool esmtp_ = false;
  std::uint32_t errors_ = 0;
  std::uint32_t messages_ = 0;
  std::unique_ptr<Transaction> transaction_;
};

}  // namespace ringpost::server
