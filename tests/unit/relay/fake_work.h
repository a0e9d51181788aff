// Work without a queue: a message in memory.
#pragma once

#include <string>

#include "mail/body_scan.h"
#include "relay/work.h"

namespace ringpost::relay {

class FakeWork final : public Work {
 public:
  FakeWork(std::vector<std::string> locals, std::string body, std::string prefix = "P: 1\r\n")
      : body_(std::move(body)) {
    message_.envelope.reverse_path = {"sender", "s.example"};
    for (std::string& local : locals) {
      recipients_.push_back(static_cast<std::uint32_t>(message_.envelope.recipients.size()));
      message_.envelope.recipients.push_back(
          {.address = {std::move(local), "d.example"}, .notify = {}, .original_recipient = {}});
    }
    message_.prefix = std::move(prefix);
    mail::BodyScan scan;
    scan.feed(body_);
    scan.finish();
    message_.facts = scan.facts();
  }

  queue::Message& edit() { return message_; }
  const queue::Message& message() const override { return message_; }
  const std::vector<std::uint32_t>& recipients() const override { return recipients_; }
  std::unique_ptr<smtp::BodySource> body() override { return std::make_unique<smtp::MemoryBody>(body_); }
  io::Task<Result<void>> begun() override {
    ++begun_;
    co_return Result<void>{};
  }
  int times_begun() const noexcept { return begun_; }
  /// The source ends early from now on.
  void lose_end_of_body() { body_.resize(body_.size() / 2); }

 private:
  queue::Message message_;
  std::vector<std::uint32_t> recipients_;
  std::string body_;
  int begun_ = 0;
};

}  // namespace ringpost::relay
