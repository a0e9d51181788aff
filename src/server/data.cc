// DATA (RFC 5321 4.1.1.4): from 354 to the final dot. Whatever is wrong with the message, it is read to its true end,
// so that nothing of it is ever taken for a command; the verdict is the reply to the final dot.
#include "io/buffer_ring.h"
#include "server/session.h"
#include "smtp/data_decoder.h"
#include "smtp/replies.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr std::size_t take_octets_max = 256 * 1024;

}  // namespace

Task<Result<smtp::Reply>> Session::data(bool has_argument, Cancel cancel) {
  if (has_argument) co_return replies::no_argument_allowed(smtp::Verb::data);
  if (auto refusal = refuse_before_data(false)) co_return std::move(*refusal);
  const Options& options = *settings_->options;
  auto upload = co_await begin_upload(cancel);
  if (!upload) co_return replies::from_error(upload.error());

  replies::start_data().append_to(output_);
  auto invited = co_await flush(cancel);
  if (!invited) co_return propagate(invited);

  smtp::DataDecoder decoder(options.bare_line_ending, message_size_max(hands_over()));
  decoder.collect_originators(wants_header());
  std::vector<io::Slice> pieces;
  std::optional<Error> broken;
  while (!decoder.finished()) {
    io::Slice octets = input_.take(take_octets_max);
    if (octets.empty()) {
      if (context_.services.reactor.receive_buffers().is_scarce()) upload->release_ring_buffers();
      auto received = co_await receive_data(*upload, cancel);
      if (!received) co_return propagate(received);
      continue;
    }
    decoder.feed(std::move(octets), pieces);
    if (pieces.empty() || broken) {
      pieces.clear();
      continue;
    }
    auto taken = co_await upload->append(std::move(pieces));
    pieces = {};
    if (!taken) {
      broken = std::move(taken.error());
      decoder.discard();
    }
  }
  if (io::Slice rest = decoder.rest(); !rest.empty()) input_.push_front(std::move(rest));
  telemetry::counters().octets_copied_total.add(decoder.copied_octets());

  std::optional<Reply> refusal;
  if (broken) {
    refusal = replies::from_error(*broken);
  } else if (decoder.verdict() == smtp::DataDecoder::Verdict::too_large) {
    refusal = replies::size_exceeded(options.limits.message_size_max);
  } else if (decoder.verdict() == smtp::DataDecoder::Verdict::bare_cr_or_lf) {
    refusal = replies::bare_line_ending();
  } else {
    refusal = refuse_body(decoder.facts(), decoder.originators());
  }
  if (refusal) {
    transaction_.reset();
    co_return std::move(*refusal);
  }
  note_header_wish(decoder.tls_not_required());
  Reply kept = co_await keep(std::move(*upload), decoder.facts());
  co_return kept;
}

Task<Result<void>> Session::receive_data(queue::Upload& upload, Cancel cancel) {
  const Deadline deadline = Deadline::after(settings_->options->limits.data_timeout);
  auto octets = co_await stream_->receive(deadline.sooner(Deadline::after(std::chrono::seconds(1))), cancel);
  if (!octets && octets.error().kind == ErrorKind::timed_out) {
    // A slow sender: what it has sent must not pin buffers of the ring.
    upload.release_ring_buffers();
    octets = co_await stream_->receive(deadline, cancel);
  }
  if (!octets && octets.error().kind == ErrorKind::timed_out) {
    replies::timed_out(settings_->options->hostname, settings_->options->limits.data_timeout).append_to(output_);
    static_cast<void>(co_await flush(cancel));
  }
  if (!octets) co_return propagate(octets);
  if (octets->empty()) co_return fail(ErrorKind::closed, "the client closed the connection in DATA");
  telemetry::counters().octets_received_total.add(octets->size());
  input_.append(std::move(*octets));
  co_return Result<void>{};
}

}  // namespace ringpost::server
