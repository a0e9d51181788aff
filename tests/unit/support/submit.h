// Puts a message into the queue as a session does: octets to a shard, then the envelope and what is known of the body.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mail/body_scan.h"
#include "queue/queue.h"

namespace ringpost::test {

/// `prefix`: the fields that are added before the body.
inline io::Task<MessageId> submit(queue::Shard& shard, mail::Envelope envelope, std::string body,
                                  std::string prefix = "Received: by test\r\n") {
  auto upload = shard.begin_upload();
  EXPECT_TRUE(upload) << upload.error().reason;
  mail::BodyScan scan;
  scan.feed(body);
  scan.finish();
  std::vector<io::Slice> octets;
  octets.push_back(io::Slice::copy_of(body));
  auto appended = co_await upload->append(std::move(octets));
  EXPECT_TRUE(appended);
  auto committed = co_await upload->commit(std::move(envelope), scan.facts(), std::move(prefix));
  EXPECT_TRUE(committed) << committed.error().reason;
  co_return committed ? *committed : MessageId{};
}

}  // namespace ringpost::test
