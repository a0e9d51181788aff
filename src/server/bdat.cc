// BDAT (RFC 3030): the message in chunks of announced size, with a reply to each. A chunk that may not come is
// swallowed all the same, because its octets are on their way whatever we answer.
#include "server/session.h"
#include "smtp/params.h"
#include "smtp/replies.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Deadline;
using io::Task;
using Progress = smtp::BdatDecoder::Progress;

Task<Result<smtp::Reply>> Session::bdat(std::string argument, Cancel cancel) {
  const Options& options = *settings_->options;
  auto command = smtp::parse_bdat(argument);
  if (!command) {
    // How long the chunk is nobody knows: what follows could be anything.
    co_return replies::protocol_lost(options.hostname);
  }
  std::optional<Reply> refusal = refuse_before_data(true);
  if (!esmtp_) refusal = replies::bad_sequence("EHLO first");
  if (refusal) {
    auto swallowed = co_await swallow_chunk(command->octets, cancel);
    if (!swallowed) co_return propagate(swallowed);
    co_return std::move(*refusal);
  }
  if (transaction_->chunks == nullptr) {
    transaction_->chunks = std::make_unique<Transaction::Chunks>(smtp::BdatDecoder(message_size_max(hands_over())));
    transaction_->chunks->decoder.collect_originators(wants_header());
    auto upload = co_await begin_upload(cancel);
    if (upload) {
      transaction_->chunks->upload.emplace(std::move(*upload));
    } else {
      transaction_->chunks->refusal = std::move(upload.error());
      transaction_->chunks->decoder.discard();
    }
  }
  Transaction::Chunks& chunks = *transaction_->chunks;
  if (chunks.decoder.begin_chunk(command->octets, command->last) == Progress::need_more) {
    auto received = co_await receive_chunk(chunks, cancel);
    if (!received) co_return propagate(received);
  }
  if (chunks.decoder.verdict() == smtp::BdatDecoder::Verdict::too_large) {
    refusal = replies::size_exceeded(options.limits.message_size_max);
  } else if (chunks.refusal) {
    refusal = replies::from_error(*chunks.refusal);
  } else if (chunks.decoder.finished()) {
    refusal = refuse_body(chunks.decoder.facts(), chunks.decoder.originators());
  }
  if (refusal) {
    // The transaction is over (RFC 3030 2: the client may only RSET); chunks still to come are swallowed one by one.
    transaction_.reset();
    co_return std::move(*refusal);
  }
  if (!chunks.decoder.finished()) co_return replies::chunk_ok(command->octets);
  const mail::BodyFacts facts = chunks.decoder.facts();
  note_header_wish(chunks.decoder.tls_not_required());
  queue::Upload upload = std::move(*chunks.upload);
  Reply kept = co_await keep(std::move(upload), facts);
  co_return kept;
}

Task<Result<void>> Session::receive_chunk(Transaction::Chunks& chunks, Cancel cancel) {
  std::vector<io::Slice> pieces;
  Progress progress = Progress::need_more;
  while (progress == Progress::need_more) {
    io::Slice octets = input_.take(chunks.decoder.chunk_octets_left());
    if (octets.empty()) {
      auto received = co_await receive(Deadline::after(settings_->options->limits.data_timeout), cancel);
      if (!received) co_return received;
      continue;
    }
    progress = chunks.decoder.feed(std::move(octets), pieces);
    if (!chunks.upload || pieces.empty()) {
      pieces.clear();
      continue;
    }
    auto taken = co_await chunks.upload->append(std::move(pieces));
    pieces = {};
    if (!taken) {
      chunks.refusal = std::move(taken.error());
      chunks.upload.reset();
      chunks.decoder.discard();
    }
  }
  // Between chunks the peer may take its time: nothing of the ring's stays with us.
  if (chunks.upload && !chunks.decoder.finished() && !input_.has_line()) chunks.upload->release_ring_buffers();
  co_return Result<void>{};
}

Task<Result<void>> Session::swallow_chunk(std::uint64_t octets, Cancel cancel) {
  while (octets > 0) {
    io::Slice slice = input_.take(octets);
    octets -= slice.size();
    if (!slice.empty()) continue;
    auto received = co_await receive(Deadline::after(settings_->options->limits.data_timeout), cancel);
    if (!received) co_return received;
  }
  co_return Result<void>{};
}

}  // namespace ringpost::server
