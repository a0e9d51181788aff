// One connection and its conversation, readable beside RFC 5321: converse() is the loop, each verb is a handler that
// returns a Reply, and the loop writes it. DATA and BDAT hold a dialogue of their own (data.cc, bdat.cc, body.cc), and
// so do STARTTLS (starttls.cc) and AUTH (auth.cc).
// Lives in its listener's scope, on one core.
//
// Standards: RFC 5321, 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 1870 (SIZE), 6152, 6531, 3461, 2034, 9422, 3207
// (STARTTLS), 4954 (AUTH), 6409 (submission), 8314 (TLS from the first octet), 8689 (REQUIRETLS).
// XHANDOFF is ours (smtp/handoff.h).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "io/stream.h"
#include "io/task.h"
#include "mail/identity.h"
#include "policy/relay_access.h"
#include "sasl/server.h"
#include "server/context.h"
#include "server/transaction.h"
#include "smtp/command.h"
#include "smtp/data_decoder.h"
#include "smtp/input_buffer.h"
#include "smtp/params.h"
#include "smtp/reply.h"
#include "telemetry/metrics.h"
#include "tls/stream.h"

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
  Reply greeting(Admission admission) const;
  io::Task<Result<void>> converse(Reply reply, io::Cancel cancel);
  Result<smtp::Command> next_command();
  io::Task<Result<Reply>> next_reply(io::Cancel cancel);
  io::Task<Result<void>> flush(io::Cancel cancel);
  /// The newest settings, where none of ours bind us.
  void renew_settings();
  /// More octets into input_. An end of the stream is an error of kind closed.
  io::Task<Result<void>> receive(io::Deadline deadline, io::Cancel cancel);
  io::Task<Result<void>> wait_for_line(io::Cancel cancel);
  /// The peer is told why before it is left, where it can still hear: it slept, or we are going down.
  io::Task<> part_from(ErrorKind kind);
  io::Task<> linger();
  void note_refusal(const smtp::Command* command, const Reply& reply);

  // starttls.cc: the channel.
  io::Task<Result<Reply>> starttls(bool has_argument, io::Cancel cancel);
  io::Task<Result<void>> handshake(io::Cancel cancel);
  bool offers_starttls() const;
  bool encrypted() const noexcept { return tls_ != nullptr; }

  // auth.cc: who is calling.
  io::Task<Result<Reply>> auth(std::string argument, io::Cancel cancel);
  io::Task<Result<Reply>> authenticate(std::string mechanism, std::optional<std::string> response, io::Cancel cancel);
  /// A response, or what the client hears because it gave none.
  io::Task<Result<std::expected<std::string, Reply>>> ask(std::string challenge, io::Cancel cancel);
  io::Task<Reply> auth_failed(std::string mechanism, sasl::Step step, io::Cancel cancel);
  Reply auth_succeeded(std::string_view mechanism, sasl::Step step);
  std::optional<Reply> refuse_auth() const;
  std::optional<Reply> refuse_blocked(std::string_view login) const;
  void note_auth(std::string_view mechanism, telemetry::AuthResult result, std::string_view login,
                 std::string_view reason) const;
  bool may_authenticate() const noexcept;
  sasl::Channel channel() const;

  // senders.cc: may they send as this person.
  std::optional<Reply> refuse_sender(const mail::Address& reverse_path);
  /// Whether the header is looked at: what a sibling hands over was looked at when it came.
  bool wants_header() const;
  std::optional<Reply> refuse_header(const mail::OriginatorFields& fields);
  void note_verdict(const policy::SenderVerdict& verdict, std::string_view where) const;

  // commands.cc: what needs no waiting.
  io::Task<Result<Reply>> dispatch(smtp::Command command, io::Cancel cancel);
  io::Task<Result<Reply>> hold_dialogue(const smtp::Command& command, io::Cancel cancel);
  Reply answer(const smtp::Command& command);
  void refused(const smtp::Command& command, const Reply& reply);
  Reply ehlo(std::string_view argument);
  /// What this client may use, as far as parameters of commands go.
  smtp::Extensions offered() const;
  Reply helo(std::string_view argument);
  Reply mail(std::string_view argument);
  Reply rcpt(std::string_view argument);
  Reply rset();
  Reply ask_for_auth() const;
  std::optional<Reply> refuse_rate() const;
  std::string protocol(bool smtputf8) const;
  Reply start_transaction(mail::Envelope envelope);

  // wishes.cc: what they want of priority and time.
  void offer_future_release(smtp::Extensions& offered) const;
  std::optional<Reply> take_wishes(const smtp::MailCommand& command, mail::Envelope& envelope) const;
  std::int8_t granted_priority(const smtp::MailCommand& command) const;

  // handoff.cc: a sibling gives us what it has queued.
  bool is_sibling() const noexcept;
  Reply handoff(std::string_view argument);
  /// With room for the trace fields that `handed` mail has got since it was measured.
  std::uint64_t message_size_max(bool handed) const noexcept;
  bool hands_over() const noexcept { return transaction_ != nullptr && transaction_->handed != nullptr; }

  // data.cc, bdat.cc, body.cc: the message itself. An error ends the session without another reply.
  io::Task<Result<Reply>> data(bool has_argument, io::Cancel cancel);
  io::Task<Result<Reply>> bdat(std::string argument, io::Cancel cancel);
  io::Task<Result<void>> swallow_chunk(std::uint64_t octets, io::Cancel cancel);
  io::Task<Result<void>> receive_chunk(Transaction::Chunks& chunks, io::Cancel cancel);
  io::Task<Result<void>> receive_data(queue::Upload& upload, io::Cancel cancel);
  std::optional<Reply> refuse_before_data(bool chunked) const;
  std::optional<Reply> refuse_body(const mail::BodyFacts& facts, const mail::OriginatorFields& originators);
  BareLineEnding limits_bare_line_ending() const noexcept;
  /// Waits a moment first while delivery is a little behind.
  io::Task<Result<queue::Upload>> begin_upload(io::Cancel cancel);
  /// `tls_not_required`: the header says so. MAIL has the first word (RFC 8689 4.1).
  void note_header_wish(bool tls_not_required) noexcept;
  io::Task<Reply> keep(queue::Upload upload, mail::BodyFacts facts);

  Context& context_;
  const std::shared_ptr<const ListenerOptions> listener_;  // as it was when we began
  std::shared_ptr<const Settings> settings_;               // changes only between transactions
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
  const tls::Stream* tls_ = nullptr;              // stream_, once it is one
  bool handshake_failed_ = false;                 // stream_ can only be closed
  std::unique_ptr<mail::Identity> identity_;      // who has authenticated
  std::unique_ptr<smtp::Provenance> provenance_;  // of the next transaction
  std::unique_ptr<Transaction> transaction_;
};

}  // namespace ringpost::server
