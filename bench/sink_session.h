// One session of the sink: takes any mail from anyone, counts it and forgets it, unless it is told to misbehave or to
// keep what comes. It knows the commands well enough for every client that follows the standards, and judges nothing:
// an address is what stands between the angle brackets.
//
// Lives in its thread's scope. Standards: RFC 5321, 2920, 3030, 2033 (LMTP), 3207 (STARTTLS), 8314 (implicit TLS).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/delivery_log.h"
#include "bench/dot_finder.h"
#include "bench/message_file.h"
#include "bench/sink_counts.h"
#include "bench/sink_options.h"
#include "io/reactor.h"
#include "io/stream.h"
#include "io/task.h"
#include "smtp/command.h"
#include "smtp/data_decoder.h"
#include "smtp/input_buffer.h"
#include "tls/server_context.h"

namespace ringpost::bench {

/// What all sessions of a sink share; outlives them.
struct SinkShared {
  const SinkOptions& options;
  std::shared_ptr<const tls::ServerContext> tls;  // null without encryption
  DeliveryLog deliveries;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> file_number{0};
  std::function<void()> on_enough;  // options.stop_after messages have been accepted and answered; any thread
};

class SinkSession {
 public:
  SinkSession(SinkShared& shared, SinkCounts& counts, io::Reactor& reactor, std::unique_ptr<io::Stream> stream);

  io::Task<> run(io::Cancel cancel);

 private:
  // Each returns false when the session is over.
  io::Task<bool> converse(io::Cancel cancel);
  io::Task<bool> receive(io::Cancel cancel);
  io::Task<bool> flush(io::Cancel cancel);
  io::Task<bool> dispatch(smtp::Command command, io::Cancel cancel);
  /// Says `usual`, or what the faults have for this step; `addresses`: whoever it is about.
  io::Task<bool> answer(Stage stage, std::string_view usual, std::span<const std::string> addresses, io::Cancel cancel);
  io::Task<bool> send_slowly(io::Cancel cancel);
  io::Task<bool> remark(std::string_view reply);
  io::Task<bool> hello(std::string_view client, io::Cancel cancel);

  // sink_tls.cc
  io::Task<bool> start_tls(std::string_view argument, io::Cancel cancel);
  io::Task<bool> secure(io::Cancel cancel);

  // sink_message.cc
  io::Task<bool> mail(std::string_view argument, io::Cancel cancel);
  io::Task<bool> rcpt(std::string_view argument, io::Cancel cancel);
  io::Task<bool> data(io::Cancel cancel);
  io::Task<bool> take_message(io::Cancel cancel);
  io::Task<bool> bdat(std::string argument, io::Cancel cancel);
  io::Task<bool> final_reply(io::Cancel cancel);

  io::Task<bool> take_chunk(std::uint64_t octets, bool wanted, io::Cancel cancel);
  void begin_content();
  void look_at(io::Slice octets);
  void count_message(std::span<const std::string> recipients);
  void reset() noexcept;

  SinkShared& shared_;
  SinkCounts& counts_;
  io::Reactor& reactor_;
  const Faults& faults_;
  std::unique_ptr<io::Stream> stream_;
  smtp::InputBuffer input_;
  std::string output_;
  char answered_ = '2';  // first digit of the last answer
  bool encrypted_ = false;
  bool over_ = false;    // the last answer ends the session
  bool enough_ = false;  // options.stop_after has been reached by the message just answered

  // The transaction.
  bool in_transaction_ = false;
  bool in_content_ = false;
  std::string sender_;
  std::vector<std::string> recipients_;  // accepted ones
  std::uint64_t octets_ = 0;
  DotFinder end_;
  TokenFinder token_;
  std::optional<MessageFile> file_;
  std::optional<smtp::DataDecoder> decoder_;  // where a message that came by DATA is kept
  std::vector<io::Slice> pieces_;
};

}  // namespace ringpost::bench
