#include <map>
#include <set>

#include "queue/store.h"
#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Shard;

mail::Envelope two_recipients() {
  return envelope("a@example.org", {"b@example.net", "c@example.com"});
}
mail::Envelope three_recipients() {
  return envelope("a@example.org", {"b@example.net", "c@example.net", "d@example.net"});
}

TEST_F(QueueTest, AcceptedMessageIsOfferedWithItsBody) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    const auto id = co_await submit(shard, one_recipient(), test_body());
    auto attempt = shard.scheduler().take("smtp:example.net", 10);
    EXPECT_TRUE(attempt.has_value());
    if (!attempt) co_return;
    EXPECT_EQ(attempt->message().id, id);
    const std::string body = co_await read_body(shard, *attempt);
    EXPECT_EQ(body, test_body());
    const auto begun = co_await attempt->begun();
    EXPECT_TRUE(begun);
    deliver(*attempt);
    EXPECT_FALSE(shard.scheduler().take("smtp:example.net", 10).has_value());
  });
  close();
  open();
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(QueueTest, MessageDeliveredWithinTheLagNeverEntersRocksDb) {
  options_.index_lag = 10s;
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    if (attempt) deliver(*attempt);
  });
  EXPECT_EQ(settled().messages, 0U);  // the indexer was asleep until the lag was over, and found both when called
  auto summary = queue_->inspector().summary(10);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->empty());
  close();
  const std::string database = options_.data_dir + "/db";
  auto store = queue::Store::open(database);
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->counts()->messages, 0);
}

TEST_F(QueueTest, RestartFindsWhatWasAccepted) {
  open();
  std::set<MessageId> ids;
  on_shard(
      [](Shard& shard, std::set<MessageId>& all) -> io::Task<> {
        for (int i = 0; i < 20; ++i) {
          const auto id = co_await submit(shard, two_recipients(), test_body());
          all.insert(id);
        }
      },
      ids);
  close();
  open();
  EXPECT_EQ(settled().messages, 20U);
  on_shard(
      [](Shard& shard, std::set<MessageId>& all) -> io::Task<> {
        for (const std::string destination : {"smtp:example.net", "smtp:example.com"}) {
          std::set<MessageId> seen;
          while (seen.size() < all.size()) {
            auto attempt = co_await next(shard, destination);
            EXPECT_TRUE(attempt.has_value());
            if (!attempt) break;
            EXPECT_EQ(attempt->recipients().size(), 1U);
            const std::string body = co_await read_body(shard, *attempt);
            EXPECT_EQ(body, test_body());
            EXPECT_TRUE(seen.insert(attempt->message().id).second);
            deliver(*attempt);
          }
          EXPECT_EQ(seen, all);
        }
      },
      ids);
  close();
  open();
  EXPECT_EQ(settled().messages, 0U);
  EXPECT_EQ(settled().live_octets, 0U);
}

TEST_F(QueueTest, MoreThanTheWindowIsDeliveredExactlyOnce) {
  options_.window_messages = 2;
  open();
  std::map<MessageId, int> seen;
  on_shard(
      [](Shard& shard, std::map<MessageId, int>& counts) -> io::Task<> {
        for (int i = 0; i < 100; ++i) {
          const auto id = co_await submit(shard, one_recipient(), test_body());
          counts[id] = 0;
        }
        for (int i = 0; i < 100; ++i) {
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value()) << i;
          if (!attempt) co_return;
          ++counts[attempt->message().id];
          deliver(*attempt);
        }
        auto none = co_await next(shard, "smtp:example.net", 300ms);
        EXPECT_FALSE(none.has_value());
      },
      seen);
  EXPECT_EQ(seen.size(), 100U);
  for (const auto& [id, count] : seen) EXPECT_EQ(count, 1);
  close();
  open();
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(QueueTest, ShortOfMemoryTheWindowGoesToTheDiskAndComesBackWhole) {
  open();
  std::map<MessageId, int> seen;
  queue::Queue& queue = *queue_;
  on_shard(
      [](Shard& shard, queue::Queue& whole, std::map<MessageId, int>& counts) -> io::Task<> {
        for (int i = 0; i < 100; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        whole.set_memory_short(true);
        (void)co_await next(shard, "smtp:example.org", 50ms);  // the order arrives
        EXPECT_FALSE(shard.scheduler().take("smtp:example.net", 10).has_value());
        for (int i = 0; i < 50; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        for (int i = 0; i < 150; ++i) {
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value()) << i;
          if (!attempt) co_return;
          ++counts[attempt->message().id];
          deliver(*attempt);
          if (i == 75) whole.set_memory_short(false);
        }
      },
      queue, seen);
  EXPECT_EQ(seen.size(), 150U);
  for (const auto& [id, count] : seen) EXPECT_EQ(count, 1);
}

TEST_F(QueueTest, AMessageOfManyRecipientsTakesMoreOfTheWindow) {
  options_.window_messages_total = 20;
  open();
  std::vector<std::string> many;
  for (int i = 0; i < 80; ++i) many.push_back("r" + std::to_string(i) + "@example.net");
  on_shard(
      [](Shard& shard, std::vector<std::string>& recipients) -> io::Task<> {
        for (int i = 0; i < 5; ++i) (void)co_await submit(shard, envelope("a@example.org", recipients), test_body());
        std::vector<queue::Attempt> taken;
        for (int i = 0; i < 2; ++i) {
          auto attempt = shard.scheduler().take("smtp:example.net", 100);
          EXPECT_TRUE(attempt.has_value()) << i;
          if (!attempt) co_return;
          taken.push_back(std::move(*attempt));
        }
        EXPECT_FALSE(shard.scheduler().take("smtp:example.net", 100).has_value());
        for (int i = 2; i < 5; ++i) {
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value()) << i;
          if (!attempt) co_return;
          EXPECT_EQ(attempt->recipients().size(), 80U);
          deliver(*attempt);
        }
        for (auto& attempt : taken) deliver(attempt);
      },
      many);
}

TEST_F(QueueTest, LeasesHeldWhileTheWindowIsRefilledAreNotOfferedTwice) {
  options_.window_messages = 4;
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    for (int i = 0; i < 30; ++i) (void)co_await submit(shard, one_recipient(), test_body());
    std::vector<queue::Attempt> leases;
    std::set<MessageId> seen;
    for (int i = 0; i < 30; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      EXPECT_TRUE(attempt.has_value()) << i;
      if (!attempt) break;
      EXPECT_TRUE(seen.insert(attempt->message().id).second);
      leases.push_back(std::move(*attempt));
    }
    auto none = co_await next(shard, "smtp:example.net", 200ms);
    EXPECT_FALSE(none.has_value());
    leases.clear();  // dropped: they go back
    std::set<MessageId> again;
    for (int i = 0; i < 30; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      if (!attempt) break;
      EXPECT_TRUE(again.insert(attempt->message().id).second);
      deliver(*attempt);
    }
    EXPECT_EQ(again, seen);
  });
}

TEST_F(QueueTest, DeferredMessageComesBackAndCountsItsAttempts) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    for (std::uint32_t i = 0; i < 4; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      EXPECT_TRUE(attempt.has_value()) << i;
      if (!attempt) co_return;
      EXPECT_EQ(attempt->attempts_before(), i);
      defer(*attempt);
      EXPECT_FALSE(shard.scheduler().take("smtp:example.net", 10).has_value());
    }
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (attempt) deliver(*attempt);
  });
  EXPECT_EQ(settled().messages_deferred, 0U);
}

TEST_F(QueueTest, DeferredMessageIsTriedAfterARestart) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    if (attempt) defer(*attempt);
  });
  close();
  open();
  EXPECT_EQ(settled().messages_deferred, 1U);
  on_shard([](Shard& shard) -> io::Task<> {
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (!attempt) co_return;
    EXPECT_EQ(attempt->attempts_before(), 1U);
    deliver(*attempt);
  });
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(QueueTest, RecipientsOfOneDestinationAreSplitWhenTheTakerWantsFew) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, three_recipients(), test_body());
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 2; ++i) {
      auto attempt = shard.scheduler().take("smtp:example.net", 2);
      EXPECT_TRUE(attempt.has_value());
      if (!attempt) co_return;
      EXPECT_EQ(attempt->recipients().size(), i == 0 ? 2U : 1U);
      seen.insert(attempt->recipients().begin(), attempt->recipients().end());
      deliver(*attempt);
    }
    EXPECT_EQ(seen.size(), 3U);
  });
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(QueueTest, PostponedDestinationOffersNothingUntilItsTime) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + 150ms, "down");
    EXPECT_FALSE(shard.scheduler().take("smtp:example.net", 10).has_value());
    EXPECT_FALSE(shard.scheduler().has_ready("smtp:example.net"));
    (void)co_await submit(shard, one_recipient(), test_body());
    co_await sleep_for(shard.reactor(), 200ms);
    for (int i = 0; i < 2; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      EXPECT_TRUE(attempt.has_value());
      if (attempt) deliver(*attempt);
    }
  });
  EXPECT_EQ(settled().messages, 0U);
}

struct Listener final : queue::ReadyListener {
  void on_ready(const std::string& destination) override { heard.push_back(destination); }
  std::vector<std::string> heard;
};

TEST_F(QueueTest, ListenerHearsOfADestinationOnceUntilItIsEmpty) {
  open();
  Listener listener;
  on_shard(
      [](Shard& shard, Listener& ear) -> io::Task<> {
        shard.scheduler().set_listener(&ear);
        (void)co_await submit(shard, one_recipient(), test_body());
        (void)co_await submit(shard, one_recipient(), test_body());
        co_await sleep_for(shard.reactor(), 10ms);
        EXPECT_EQ(ear.heard, (std::vector<std::string>{"smtp:example.net"}));
        while (auto attempt = shard.scheduler().take("smtp:example.net", 10)) deliver(*attempt);
        (void)co_await submit(shard, one_recipient(), test_body());
        co_await sleep_for(shard.reactor(), 10ms);
        EXPECT_EQ(ear.heard.size(), 2U);
        shard.scheduler().set_listener(nullptr);
      },
      listener);
}

TEST_F(QueueTest, LockedDirectoryIsRefusedWithTheHoldersPid) {
  open();
  const auto second =
      queue::Queue::open(options_, {[](const mail::Address&, mail::TlsWish) { return std::string("x"); }});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::refused);
  EXPECT_NE(second.error().reason.find("pid " + std::to_string(::getpid())), std::string::npos)
      << second.error().reason;
}

TEST_F(QueueTest, LaneOfAWorkerThatIsGoneIsAdopted) {
  options_.workers = 2;
  open();
  auto on_second = [](io::Reactor& reactor, queue::Queue& queue) -> io::Task<> {
    auto shard = queue.make_shard(1, reactor);
    EXPECT_TRUE(shard);
    if (!shard) co_return;
    (void)co_await submit(**shard, one_recipient(), test_body());
    auto attempt = co_await next(**shard, "smtp:example.net");
    if (attempt) defer(*attempt);
    (void)co_await submit(**shard, one_recipient(), test_body());
    co_await (*shard)->close();
  };
  run_on_reactor(on_second, *queue_);
  close();
  options_.workers = 1;
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    for (int i = 0; i < 2; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      EXPECT_TRUE(attempt.has_value());
      if (!attempt) co_return;
      EXPECT_EQ(attempt->message().lane, 1);
      if (i == 0) defer(*attempt);
      if (i == 1) deliver(*attempt);
    }
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (attempt) deliver(*attempt);
  });
  EXPECT_EQ(settled().messages, 0U);
}

}  // namespace
}  // namespace ringpost::test
