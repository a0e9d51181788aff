// A stream whose first octets have been read already and are given out again: what came behind a PROXY header belongs
// to the TLS handshake that follows.
#pragma once

#include <memory>
#include <utility>

#include "io/stream.h"

namespace ringpost::io {

class PrefixedStream final : public Stream {
 public:
  PrefixedStream(Slice first, std::unique_ptr<Stream> rest) noexcept
      : first_(std::move(first)), rest_(std::move(rest)) {}

  Task<Result<Slice>> receive(Deadline deadline, Cancel cancel) override {
    if (!first_.empty()) co_return std::exchange(first_, {});
    co_return co_await rest_->receive(deadline, cancel);
  }
  using Stream::send;
  Task<Result<void>> send(std::span<const iovec> octets, Deadline deadline, Cancel cancel) override {
    return rest_->send(octets, deadline, cancel);
  }
  bool has_pending() const noexcept override { return !first_.empty() || rest_->has_pending(); }
  void end_sending() noexcept override { rest_->end_sending(); }
  Task<> close() override { return rest_->close(); }

 private:
  Slice first_;
  std::unique_ptr<Stream> rest_;
};

}  // namespace ringpost::io
