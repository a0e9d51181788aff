#include "queue/recovery.h"

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "faulty_file_system.h"
#include "queue/store.h"
#include "queue_harness.h"

namespace ringpost::test {
namespace {

namespace fs = std::filesystem;
using queue::Shard;

void copy_directory(const std::string& from, const std::string& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    std::error_code gone;  // RocksDB removes files while we look
    fs::copy_file(entry.path(), to / entry.path().filename(), fs::copy_options::overwrite_existing, gone);
  }
}

class RecoveryTest : public QueueTest {
 protected:
  /// Everything that a new process would find, by id, taken from the windows once and kept leased.
  static io::Task<> collect(Shard& shard, std::set<MessageId>& found, std::size_t expected) {
    std::vector<queue::Attempt> leases;
    while (found.size() < expected) {
      auto attempt = co_await next(shard, "smtp:example.net", std::chrono::seconds(2));
      if (!attempt) break;
      const std::string body = co_await read_body(shard, *attempt);
      EXPECT_EQ(body, test_body());
      EXPECT_TRUE(found.insert(attempt->message().id).second) << "offered twice";
      leases.push_back(std::move(*attempt));
    }
    auto more = co_await next(shard, "smtp:example.net", std::chrono::milliseconds(100));
    EXPECT_FALSE(more.has_value());
  }
  std::set<MessageId> what_is_queued(std::size_t expected) {
    std::set<MessageId> found;
    on_shard([](Shard& shard, std::set<MessageId>& all,
                std::size_t& count) -> io::Task<> { co_await collect(shard, all, count); },
             found, expected);
    return found;
  }
  Result<std::unique_ptr<queue::Queue>> try_open() {
    return queue::Queue::open(options_, {[](const mail::Address& a, mail::TlsWish) { return "smtp:" + a.domain; }});
  }
};

struct Moment {
  std::string directory;
  std::set<MessageId> must_be_there;  // acknowledged and not final
};
struct Story {
  std::string from;
  std::string to;
  std::vector<Moment> moments;
};

// Copies of db/ and then spool/ taken at many moments, before, in and after index batches: what kill -9 would leave.
TEST_F(RecoveryTest, KilledAtAnyMomentNothingIsLostAndNothingFinalComesBack) {
  options_.index_lag = 15ms;
  options_.segment_octets = 256 << 10;
  open();
  Story story{options_.data_dir, directory_.path() + "/copy", {}};
  on_shard(
      [](Shard& shard, Story& told) -> io::Task<> {
        std::mt19937 random(7);
        std::set<MessageId> waiting;
        for (int round = 0; round < 20; ++round) {
          for (int i = 0; i < 15; ++i) {
            const auto id = co_await submit(shard, one_recipient(), test_body());
            waiting.insert(id);
          }
          for (unsigned i = random() % 20; i > 0; --i) {
            auto attempt = shard.scheduler().take("smtp:example.net", 10);
            if (!attempt) break;
            waiting.erase(attempt->message().id);
            deliver(*attempt);
          }
          co_await sleep_for(shard.reactor(), std::chrono::milliseconds(2 + random() % 25));
          Moment moment{told.to + std::to_string(round), waiting};
          copy_directory(told.from + "/db", moment.directory + "/db");
          copy_directory(told.from + "/spool", moment.directory + "/spool");
          told.moments.push_back(std::move(moment));
        }
      },
      story);
  close();
  for (const Moment& moment : story.moments) {
    options_.data_dir = moment.directory;
    open();
    EXPECT_EQ(queue_->gauges().messages, moment.must_be_there.size());
    EXPECT_EQ(what_is_queued(moment.must_be_there.size()), moment.must_be_there);
    close();
  }
}

// The recovery itself is killed: before its batch it is as if it had not begun, after it there is nothing to replay.
TEST_F(RecoveryTest, RecoveringTwiceEqualsRecoveringOnce) {
  options_.index_lag = 10s;
  open();
  const std::string copy = directory_.path() + "/copy";
  Story story{options_.data_dir, copy, {}};
  on_shard(
      [](Shard& shard, Story& told) -> io::Task<> {
        Moment moment{told.to, {}};
        for (int i = 0; i < 10; ++i) {
          const auto id = co_await submit(shard, one_recipient(), test_body());
          if (i % 2 == 0) moment.must_be_there.insert(id);
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value());
          if (!attempt) co_return;
          if (i % 2 == 0) defer(*attempt);
          if (i % 2 == 1) deliver(*attempt);
        }
        co_await sleep_for(shard.reactor(), 20ms);
        copy_directory(told.from + "/db", told.to + "/db");
        copy_directory(told.from + "/spool", told.to + "/spool");
        told.moments.push_back(moment);
      },
      story);
  close();
  options_.data_dir = copy;
  for (int i = 0; i < 3; ++i) {
    open();
    EXPECT_EQ(queue_->recovery().accepts_replayed, i == 0 ? 10U : 0U);
    EXPECT_EQ(queue_->gauges().messages, 5U);
    EXPECT_EQ(queue_->gauges().messages_deferred, 5U);
    close();
  }
  open();
  EXPECT_EQ(what_is_queued(5), story.moments[0].must_be_there);
}

TEST_F(RecoveryTest, AttemptThatBegunAndDidNotEndIsInDoubt) {
  options_.index_lag = 10s;
  open();
  const std::string copy = directory_.path() + "/copy";
  std::vector<MessageId> ids;
  Story story{options_.data_dir, copy, {}};
  on_shard(
      [](Shard& shard, Story& told, std::vector<MessageId>& made) -> io::Task<> {
        std::vector<queue::Attempt> leases;
        for (int i = 0; i < 3; ++i) {
          const auto id = co_await submit(shard, one_recipient(), test_body());
          made.push_back(id);
          auto attempt = co_await next(shard, "smtp:example.net");
          if (!attempt) co_return;
          leases.push_back(std::move(*attempt));
        }
        const auto first = co_await leases[0].begun();
        const auto second = co_await leases[1].begun();
        EXPECT_TRUE(first && second);
        deliver(leases[0]);
        co_await sleep_for(shard.reactor(), 20ms);
        copy_directory(told.from + "/db", told.to + "/db");
        copy_directory(told.from + "/spool", told.to + "/spool");
      },
      story, ids);
  close();
  options_.data_dir = copy;
  open();
  EXPECT_EQ(queue_->recovery().in_doubt, std::vector<MessageId>{ids.at(1)});
  EXPECT_EQ(queue_->gauges().messages, 2U);
}

TEST_F(RecoveryTest, PowerCutKeepsWhatWasAcknowledgedAndMayRepeatWhatWasNot) {
  options_.index_lag = 10s;
  for (const Survives survives : {Survives::nothing, Survives::everything, Survives::any_subset, Survives::torn}) {
    options_.data_dir = directory_.path() + "/power" + std::to_string(static_cast<int>(survives));
    const std::string before = options_.data_dir + "-db";
    FaultyFileSystem disk;
    std::set<MessageId> waiting, delivered;
    Story story{options_.data_dir + "/db", before, {}};
    {
      auto opened = queue::Queue::open(
          options_, {[](const mail::Address& a, mail::TlsWish) { return "smtp:" + a.domain; }}, disk);
      ASSERT_TRUE(opened) << opened.error().reason;
      queue_ = std::move(*opened);
      on_shard(
          [](Shard& shard, std::set<MessageId>& kept, std::set<MessageId>& done, Story& told) -> io::Task<> {
            for (int i = 0; i < 10; ++i) {
              const auto id = co_await submit(shard, one_recipient(), test_body());
              kept.insert(id);
            }
            for (int i = 0; i < 4; ++i) {
              auto attempt = shard.scheduler().take("smtp:example.net", 10);
              EXPECT_TRUE(attempt.has_value());
              if (!attempt) co_return;
              kept.erase(attempt->message().id);
              done.insert(attempt->message().id);
              deliver(*attempt);
            }
            co_await sleep_for(shard.reactor(), 20ms);
            copy_directory(told.from, told.to);  // nothing was applied yet: RocksDB loses nothing, for it has nothing
          },
          waiting, delivered, story);
      std::mt19937_64 random(3);
      disk.crash(survives, random);
      close();
    }
    fs::remove_all(options_.data_dir + "/db");
    fs::rename(before, options_.data_dir + "/db");
    auto opened =
        queue::Queue::open(options_, {[](const mail::Address& a, mail::TlsWish) { return "smtp:" + a.domain; }}, disk);
    ASSERT_TRUE(opened) << opened.error().reason;
    queue_ = std::move(*opened);
    auto found = what_is_queued(queue_->gauges().messages);
    if (survives == Survives::everything) {
      EXPECT_EQ(found, waiting);
    }
    for (const MessageId& id : waiting) EXPECT_EQ(found.erase(id), 1U) << "lost";
    for (const MessageId& id : found) EXPECT_TRUE(delivered.contains(id));
    close();
  }
}

TEST_F(RecoveryTest, MissingSegmentIsRefusedWithWhatWouldBeLostUnlessAccepted) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    for (int i = 0; i < 3; ++i) (void)co_await submit(shard, one_recipient(), test_body());
  });
  close();
  for (const auto& entry : fs::directory_iterator(options_.data_dir + "/spool")) fs::remove(entry.path());
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::refused);
  EXPECT_NE(refused.error().reason.find("log 0 segment 1"), std::string::npos) << refused.error().reason;
  EXPECT_NE(refused.error().reason.find("3 queued messages would be lost"), std::string::npos)
      << refused.error().reason;
  options_.accept_data_loss = true;
  open();
  EXPECT_EQ(queue_->gauges().messages, 0U);
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (attempt) deliver(*attempt);
  });
  close();
  options_.accept_data_loss = false;
  open();
  EXPECT_EQ(queue_->gauges().messages, 0U);
}

TEST_F(RecoveryTest, SegmentsOfAnEmptyQueueAreFreeAgain) {
  options_.segment_octets = 256 << 10;
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    const std::string large = "Subject: x\r\n\r\n" + std::string(100'000, 'x') + "\r\n";
    for (int i = 0; i < 10; ++i) {
      (void)co_await submit(shard, one_recipient(), large);
      auto attempt = co_await next(shard, "smtp:example.net");
      if (attempt) deliver(*attempt);
    }
  });
  EXPECT_TRUE(queue_->inspector().retry({}));  // syncs
  close();
  open();
  EXPECT_EQ(queue_->gauges().live_octets, 0U);
  EXPECT_GE(queue_->gauges().segments, 4U);
  on_shard([](Shard&) -> io::Task<> { co_return; });  // with the first segment that is begun, recycling begins
  EXPECT_LE(queue_->gauges().segments - queue_->gauges().segments_free, 2U);  // the one begun and the one prepared
}

}  // namespace
}  // namespace ringpost::test
