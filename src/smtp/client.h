// The conversation as a client, over any Stream: used by the relay, the load generator and the tests. It says what it
// is told, reads what comes back, and judges nothing: a 550 is a Reply like any other; only a connection that can no
// longer be used is an Error.
//
//   greeting -> hello -> (begin -> replies -> data)* -> quit
//
// TLS comes between: secure() before greeting() where the port is TLS from the first octet, else hello -> starttls ->
// secure -> hello. AUTH is said with command(), a line and a reply at a time.
//
// Commands leave in as few sends as the server allows: with PIPELINING one for RSET (where it is needed), MAIL, all
// RCPT and DATA. A small message leaves in one more. Between begin() and replies() the owner may do something useful
// while the server thinks. Every octet of the server is hostile: replies are bounded by ReplyParser, and a server that
// speaks out of turn ends the connection, because its next reply would be taken for the answer to something else.
//
// One step at a time, on the stream's core. close() is awaited before it is destroyed (quit() includes it).
// Each wait ends at the given Deadline or at its own time-out of Waits, whichever is sooner.
//
// Standards: RFC 5321 (client), RFC 2920 (pipelining), RFC 3030 (BDAT), RFC 2033 (LMTP: a reply for each recipient),
// RFC 3207 (STARTTLS), RFC 8314 3 (implicit TLS).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/stream.h"
#include "mail/envelope.h"
#include "smtp/body_source.h"
#include "smtp/extensions.h"
#include "smtp/limits.h"
#include "smtp/params.h"
#include "smtp/reply_parser.h"
#include "tls/stream.h"

namespace ringpost::smtp {

enum class Dialect : std::uint8_t { smtp, lmtp };
enum class Transfer : std::uint8_t { data, bdat };

/// RFC 5321 4.5.3.2.
struct Waits {
  Duration greeting = limits::greeting_wait;
  Duration command = limits::mail_wait;
  Duration data_initiation = limits::data_initiation_wait;
  Duration data_block = limits::data_block_wait;
  Duration data_termination = limits::data_termination_wait;
  Duration handshake = limits::tls_handshake_wait;
};

/// The answers up to the 354. Where the connection broke, what came before stays and the rest are empty.
struct TransactionReplies {
  Reply mail;
  std::vector<Reply> recipients;  // parallel to those given; empty where it was not asked
  Reply data;                     // to DATA; empty with Transfer::bdat, or where it was not asked
  std::size_t accepted = 0;
  bool ready = false;  // data() may follow; otherwise the transaction is over
  std::optional<Error> broken;
  // When the answers to MAIL, to the last RCPT and to DATA came; the epoch where none did.
  MonotonicTime mail_at{}, recipients_at{}, data_at{};
};

struct FinalReplies {
  std::vector<Reply> replies;  // one; with LMTP one for each accepted recipient, in order; fewer where it broke
  std::optional<Error> broken;
  bool body_failed = false;  // `broken` is the source's fault, not the server's
};

class Client {
 public:
  using Recipients = std::span<const mail::Recipient* const>;

  explicit Client(std::unique_ptr<io::Stream> stream, Waits waits = {}) noexcept;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  io::Task<Result<Reply>> greeting(io::Deadline deadline, io::Cancel cancel);
  /// EHLO, and HELO where that is refused with 5xx; LHLO with Dialect::lmtp. On a positive reply offered() is set.
  io::Task<Result<Reply>> hello(std::string name, Dialect dialect, io::Deadline deadline, io::Cancel cancel);
  const Extensions& offered() const noexcept { return offered_; }
  /// After hello(): one command at a time from here on, as to a server that does not offer PIPELINING.
  void forgo_pipelining() noexcept { offered_.pipelining = false; }
  Dialect dialect() const noexcept { return dialect_; }

  /// One line of ours, without its CRLF, and its reply: AUTH and what follows it. `line` holds no CR or LF.
  io::Task<Result<Reply>> command(std::string line, io::Deadline deadline, io::Cancel cancel);
  /// Says STARTTLS. After a positive reply offered() is empty, and secure() follows. Errors: as hello(), and invalid
  /// where something came behind the reply: whoever put it there wants it taken for the server's (RFC 3207 6).
  io::Task<Result<Reply>> starttls(io::Deadline deadline, io::Cancel cancel);
  /// The handshake. hello() comes next, or greeting() where there was none yet. `context` outlives this object.
  /// Errors: those of tls::Stream::handshake(); the connection is then of no more use.
  io::Task<Result<void>> secure(tls::ClientContext& context, tls::ClientWish wish, io::Deadline deadline,
                                io::Cancel cancel);
  /// nullptr: in clear text.
  const tls::ConnectionInfo* tls() const noexcept { return tls_ == nullptr ? nullptr : &tls_->info(); }

  /// Says MAIL (and, with PIPELINING, the rest of the group). `mail` and `recipients` outlive replies().
  /// Errors: invalid (an address that is no line), closed, timed_out, cancelled, io.
  io::Task<Result<void>> begin(const MailCommand& mail, Recipients recipients, Transfer transfer, io::Deadline deadline,
                               io::Cancel cancel);
  /// Without PIPELINING says the rest step by step. Where nobody was accepted the transaction is already undone.
  io::Task<TransactionReplies> replies(io::Deadline deadline, io::Cancel cancel);
  /// The message itself, after `ready`.
  io::Task<FinalReplies> data(Content content, io::Deadline deadline, io::Cancel cancel);

  io::Task<Result<Reply>> rset(io::Deadline deadline, io::Cancel cancel);
  /// Says QUIT where that still makes sense, waits for the answer at most limits::quit_wait, closes.
  io::Task<> quit(io::Deadline deadline, io::Cancel cancel);
  io::Task<> close();

  /// False after a broken connection, a 421 and close(): nothing but close() may follow.
  bool usable() const noexcept { return usable_; }
  /// Between transactions: the server has said something unasked, or has gone. Not worth another command.
  bool spoke_unasked() const noexcept;

 private:
  io::Deadline wait(Duration own, io::Deadline deadline) const noexcept {
    return io::Deadline::after(own).sooner(deadline);
  }
  std::optional<Result<Reply>> buffered_reply();
  io::Task<Result<Reply>> read_reply(io::Deadline deadline, io::Cancel cancel);
  io::Task<Result<Reply>> exchange(std::string_view step, std::string line, Duration own, io::Deadline deadline,
                                   io::Cancel cancel);
  io::Task<Result<void>> send(std::string_view octets, io::Deadline deadline, io::Cancel cancel);
  io::Task<std::optional<Error>> read_group(TransactionReplies& into, io::Deadline deadline, io::Cancel cancel);
  io::Task<std::optional<Error>> ask_in_turn(TransactionReplies& into, io::Deadline deadline, io::Cancel cancel);
  io::Task<std::optional<Error>> undo(TransactionReplies& into, io::Deadline deadline, io::Cancel cancel);
  io::Task<Result<void>> send_content(Content content, bool& body_failed, io::Deadline deadline, io::Cancel cancel);
  std::unexpected<Error> broken(Error error);

  bool is_silent() const noexcept { return input_.empty() && parser_.idle(); }

  std::unique_ptr<io::Stream> stream_;
  tls::Stream* tls_ = nullptr;  // stream_, once the handshake is done
  Waits waits_;
  ReplyParser parser_;
  io::Slice input_;  // received and not yet parsed
  Extensions offered_;
  std::string out_;  // the group being said
  Dialect dialect_ = Dialect::smtp;
  std::string_view step_;  // where the conversation stands, for errors; of static life
  bool usable_ = true;
  bool closed_ = false;
  bool reset_needed_ = false;  // the server may still hold a transaction that we have given up

  // The transaction between begin() and data().
  Recipients recipients_;
  Transfer transfer_ = Transfer::data;
  bool pipelined_ = false;
  bool reset_said_ = false;
  std::size_t accepted_ = 0;
};

}  // namespace ringpost::smtp
