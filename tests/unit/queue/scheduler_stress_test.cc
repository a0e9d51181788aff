// Whatever is done to the windows in whatever order, each recipient is leased by one at a time and delivered once.
#include <map>
#include <random>
#include <set>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Shard;
using Recipient = std::pair<MessageId, std::uint32_t>;

struct Ledger {
  std::set<Recipient> waiting;
  std::set<Recipient> leased;
  std::size_t delivered = 0;
  std::size_t seed = 0;
};

constexpr std::size_t destinations = 7;
std::string host(std::size_t i) {
  return "d" + std::to_string(i) + ".example.net";
}

mail::Envelope some_recipients(std::mt19937& random) {
  mail::Envelope made = from_to("a@example.org", "first@" + host(random() % destinations));
  for (unsigned more = random() % 4; more > 0; --more)
    made.recipients.push_back({address("more@" + host(random() % destinations)), {}, {}});
  return made;
}

void finish_somehow(queue::Attempt& attempt, Ledger& ledger, std::mt19937& random) {
  const MessageId id = attempt.message().id;
  std::vector<mail::DeliveryStatus> statuses;
  for (const std::uint32_t recipient : attempt.recipients()) {
    EXPECT_EQ(ledger.leased.erase({id, recipient}), 1U);
    const unsigned choice = random() % 10;
    if (choice == 0) continue;  // not tried
    if (choice < 3) {
      statuses.push_back({recipient, mail::Action::deferred, {451, {4, 3, 0}}, "later", ""});
      continue;
    }
    statuses.push_back({recipient, mail::Action::delivered, {250, {2, 0, 0}}, "ok", ""});
    EXPECT_EQ(ledger.waiting.erase({id, recipient}), 1U) << "delivered twice";
    ++ledger.delivered;
  }
  if (!statuses.empty()) attempt.finish(std::move(statuses));
}

io::Task<> story(Shard& shard, Ledger& ledger) {
  std::mt19937 random(static_cast<unsigned>(ledger.seed));
  std::vector<queue::Attempt> leases;
  const MonotonicTime until = monotonic_now() + std::chrono::seconds(40);
  for (int step = 0; monotonic_now() < until; ++step) {
    if (step < 500) {
      const mail::Envelope envelope = some_recipients(random);
      const MessageId id = co_await submit(shard, envelope, test_body());
      for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) ledger.waiting.insert({id, i});
    } else if (ledger.waiting.empty()) {
      break;
    }
    const std::string destination = "smtp:" + host(random() % destinations);
    auto attempt = shard.scheduler().take(destination, 1 + random() % 3);
    if (attempt) {
      for (const std::uint32_t recipient : attempt->recipients())
        EXPECT_TRUE(ledger.leased.insert({attempt->message().id, recipient}).second) << "leased twice";
      leases.push_back(std::move(*attempt));
    }
    if (leases.size() > random() % 12) {
      const std::size_t which = random() % leases.size();
      finish_somehow(leases[which], ledger, random);
      leases.erase(leases.begin() + static_cast<std::ptrdiff_t>(which));
    }
    if (random() % 60 == 0)
      shard.scheduler().postpone(destination, monotonic_now() + std::chrono::milliseconds(random() % 40), "test");
    if (step >= 500 || random() % 8 == 0)
      co_await sleep_for(shard.reactor(), std::chrono::microseconds(random() % 1500));
  }
  for (queue::Attempt& attempt : leases) finish_somehow(attempt, ledger, random);
}

class SchedulerStress : public QueueTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(SchedulerStress, EachRecipientIsDeliveredOnce) {
  options_.window_messages = GetParam() % 2 == 0 ? 3 : 40;
  options_.window_messages_total = 12 + 10 * static_cast<std::uint32_t>(GetParam());
  options_.retry.first = 5ms;
  options_.retry.max = 30ms;
  options_.index_lag = std::chrono::milliseconds(1 + 15 * GetParam());
  open();
  Ledger ledger;
  ledger.seed = GetParam();
  on_shard(story, ledger);
  EXPECT_TRUE(ledger.waiting.empty()) << ledger.waiting.size() << " of " << ledger.delivered << " never came";
  EXPECT_EQ(settled().messages, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SchedulerStress, ::testing::Values(0, 1, 2, 3));

}  // namespace
}  // namespace ringpost::test
