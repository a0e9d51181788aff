#include "tls/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "io/connection.h"
#include "tls/channel.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t encrypted_at_once = 128 * 1024;
constexpr Duration last_words = std::chrono::milliseconds(100);

class ChannelStream final : public Stream {
 public:
  template <class... Arguments>
  explicit ChannelStream(std::unique_ptr<io::Stream> below, Arguments&&... arguments)
      : below_(std::move(below)), channel_(std::forward<Arguments>(arguments)...) {}

  io::Task<Result<void>> handshake(io::Deadline deadline, io::Cancel cancel) override;
  const ConnectionInfo& info() const noexcept override { return channel_.info(); }
  std::string channel_binding() const override { return channel_.binding(); }
  std::string_view channel_binding_type() const noexcept override {
    return channel_.is_tls_13() ? "tls-exporter" : "tls-unique";
  }

  io::Task<Result<io::Slice>> receive(io::Deadline deadline, io::Cancel cancel) override;
  io::Task<Result<void>> send(std::span<const iovec> octets, io::Deadline deadline, io::Cancel cancel) override;
  bool has_pending() const noexcept override { return channel_.has_pending() || below_->has_pending(); }
  void end_sending() noexcept override;
  io::Task<> close() override;

 private:
  io::Task<Result<void>> flush(io::Deadline deadline, io::Cancel cancel);

  std::unique_ptr<io::Stream> below_;
  Channel channel_;
  bool shaken_ = false;
  bool sending_ = false;
};

/// Gathers what is to be sent into whole records: small pieces are copied together, large ones are encrypted from where
/// they lie.
class RecordMaker {
 public:
  explicit RecordMaker(std::span<const iovec> octets) noexcept : rest_(octets) {}

  /// The next record's plain octets, valid until the next call; empty: there are no more.
  std::string_view next() {
    skip_empty();
    if (rest_.empty()) return {};
    if (here().size() >= Channel::record_octets_max || rest_.size() == 1) return take(Channel::record_octets_max);
    gathered_.clear();
    gathered_.reserve(std::min(left(), Channel::record_octets_max));
    while (!rest_.empty() && gathered_.size() < Channel::record_octets_max) {
      gathered_ += take(Channel::record_octets_max - gathered_.size());
      skip_empty();
    }
    return gathered_;
  }

 private:
  std::string_view here() const noexcept {
    return std::string_view(static_cast<const char*>(rest_.front().iov_base), rest_.front().iov_len).substr(done_);
  }
  std::string_view take(std::size_t count) noexcept {
    const std::string_view piece = here().substr(0, count);
    done_ += piece.size();
    return piece;
  }
  std::size_t left() const noexcept {
    std::size_t sum = 0;
    for (const iovec& piece : rest_) sum += piece.iov_len;
    return sum - done_;
  }
  void skip_empty() noexcept {
    while (!rest_.empty() && here().empty()) {
      rest_ = rest_.subspan(1);
      done_ = 0;
    }
  }

  std::span<const iovec> rest_;
  std::size_t done_ = 0;  // octets of the first
  std::string gathered_;
};

io::Task<Result<void>> ChannelStream::flush(io::Deadline deadline, io::Cancel cancel) {
  while (!channel_.output().empty()) {
    // What the reader adds meanwhile (the answer to a key update) goes with the next round.
    const std::string octets = std::exchange(channel_.output(), {});
    auto sent = co_await below_->send(octets, deadline, cancel);
    if (!sent) co_return propagate(sent);
  }
  co_return Result<void>{};
}

io::Task<Result<void>> ChannelStream::handshake(io::Deadline deadline, io::Cancel cancel) {
  for (;;) {
    auto progress = channel_.handshake();
    if (!progress) {
      // The peer shall hear why.
      static_cast<void>(co_await flush(deadline.sooner(io::Deadline::after(last_words)), cancel));
      co_return propagate(progress);
    }
    const bool done = *progress == Channel::Progress::done;
    // Behind the client's Finished a server of TLS 1.3 has a ticket to send, for which nobody waits: it goes with what
    // is said next, one packet less for both sides.
    if (done && channel_.is_server() && channel_.is_tls_13()) break;
    auto sent = co_await flush(deadline, cancel);
    if (!sent) co_return propagate(sent);
    if (done) break;
    auto octets = co_await below_->receive(deadline, cancel);
    if (!octets) co_return propagate(octets);
    if (octets->empty()) co_return fail(ErrorKind::closed, "the peer left during the TLS handshake");
    channel_.feed(std::move(*octets));
  }
  shaken_ = true;
  co_return Result<void>{};
}

io::Task<Result<io::Slice>> ChannelStream::receive(io::Deadline deadline, io::Cancel cancel) {
  RINGPOST_ASSERT(shaken_);
  for (;;) {
    auto plain = channel_.decrypt();
    if (!plain || !plain->empty() || channel_.ended()) co_return plain;
    auto octets = co_await below_->receive(deadline, cancel);
    // An end without close_notify is an end like any other: SMTP marks its own ends.
    if (!octets || octets->empty()) co_return octets;
    channel_.feed(std::move(*octets));
  }
}

io::Task<Result<void>> ChannelStream::send(std::span<const iovec> octets, io::Deadline deadline, io::Cancel cancel) {
  RINGPOST_ASSERT(shaken_ && !sending_);
  RecordMaker records(octets);
  sending_ = true;
  Result<void> result;
  for (std::string_view plain = records.next(); result && !plain.empty(); plain = records.next()) {
    result = channel_.encrypt(plain);
    if (result && channel_.output().size() >= encrypted_at_once) result = co_await flush(deadline, cancel);
  }
  if (result) result = co_await flush(deadline, cancel);
  sending_ = false;
  co_return result;
}

void ChannelStream::end_sending() noexcept {
  channel_.close_notify();
  // Only as much as the socket takes at once: this may not wait, and close_notify is a courtesy.
  if (auto* connection = dynamic_cast<io::Connection*>(below_.get()); connection != nullptr && !sending_) {
    const std::string octets = std::exchange(channel_.output(), {});
    if (!octets.empty()) {
      static_cast<void>(::send(connection->descriptor(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
    }
  }
  below_->end_sending();
}

io::Task<> ChannelStream::close() {
  if (shaken_) {
    channel_.keep_session();
    channel_.close_notify();
    if (!sending_) static_cast<void>(co_await flush(io::Deadline::after(last_words), io::Cancel::never()));
  }
  co_await below_->close();
}

}  // namespace

std::unique_ptr<Stream> Stream::server(std::unique_ptr<io::Stream> below,
                                       std::shared_ptr<const ServerContext> context) {
  return std::make_unique<ChannelStream>(std::move(below),
                                         std::static_pointer_cast<const ServerCredentials>(std::move(context)));
}

std::unique_ptr<Stream> Stream::client(std::unique_ptr<io::Stream> below, ClientContext& context, ClientWish wish) {
  return std::make_unique<ChannelStream>(std::move(below), static_cast<ClientCredentials&>(context), std::move(wish));
}

}  // namespace ringpost::tls
