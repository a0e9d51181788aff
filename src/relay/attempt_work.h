// Work made of a queue's Attempt, which outlives it.
#pragma once

#include <memory>
#include <utility>

#include "queue/attempt.h"
#include "relay/work.h"

namespace ringpost::relay {

class QueuedBody final : public smtp::BodySource {
 public:
  explicit QueuedBody(queue::BodyReader reader) noexcept : reader_(std::move(reader)) {}
  io::Task<Result<std::size_t>> read(std::span<char> into) override { return reader_.read(into); }

 private:
  queue::BodyReader reader_;
};

class AttemptWork final : public Work {
 public:
  explicit AttemptWork(queue::Attempt& attempt) noexcept : attempt_(attempt) {}
  const queue::Message& message() const override { return attempt_.message(); }
  const std::vector<std::uint32_t>& recipients() const override { return attempt_.recipients(); }
  std::unique_ptr<smtp::BodySource> body() override { return std::make_unique<QueuedBody>(attempt_.body()); }
  mail::Address reverse_path() const override { return attempt_.reverse_path(); }
  io::Task<Result<void>> begun() override { return attempt_.begun(); }

 private:
  queue::Attempt& attempt_;
};

}  // namespace ringpost::relay
