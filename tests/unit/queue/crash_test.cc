// Every crash of the log side (queue/README.md, "Crash points"): a scenario runs once for each operation it asks of the
// disk, with the power going off at that operation, and for each way in which unsynced writes may survive.
#include <gtest/gtest.h>

#include <functional>

#include "queue/log_harness.h"

namespace ringpost::test {
namespace {

using queue::IndexItem;
using queue::RecordType;
using Who = FaultyFileSystem::Who;

constexpr Survives all_ways[] = {Survives::nothing, Survives::everything, Survives::any_subset, Survives::torn};

struct Ledger {
  std::map<MessageId, std::string> acknowledged;
  std::map<MessageId, std::string> offered;  // any that may be found
};

io::Task<> transact(LogHarness& site, std::string body, Ledger& ledger) {
  queue::Upload upload = site.begin();
  const MessageId id = upload.id();
  ledger.offered[id] = body;
  for (io::Slice& slice : slices_of(body, 2500)) {
    std::vector<io::Slice> one;
    one.push_back(std::move(slice));
    if (auto appended = co_await upload.append(std::move(one)); !appended) co_return;
  }
  mail::BodyFacts facts;
  facts.octets = body.size();
  auto committed = co_await upload.commit(envelope_for("r"), facts, "Received: x\r\n");
  if (committed) ledger.acknowledged[id] = std::move(body);
}

// Small and large bodies beside each other, unsynced records between them, over several segments.
io::Task<> scenario(io::Reactor& reactor, FaultyFileSystem& disk, Ledger& ledger) {
  LogHarness site(disk, small_options(), reactor);
  if (!site.table.scan() || !site.log.open()) co_return;
  io::Scope scope(reactor);
  for (std::uint64_t i = 0; i < 6; ++i) {
    scope.spawn(transact(site, body_of(1000 + 700 * i, i), ledger));
    scope.spawn(transact(site, body_of(20'000 + 1111 * i, 100 + i), ledger));
    site.log.append_unsynced(RecordType::attempt_ended, queue::encode_outcome({}),
                             site.make_item(IndexItem::Kind::outcome));
    co_await scope.join();
  }
  co_await site.log.close();
}

void expect_nothing_acknowledged_is_lost(const Recovered& found, const Ledger& ledger) {
  for (const auto& [id, body] : ledger.acknowledged) {
    const auto at = found.messages.find(id);
    ASSERT_NE(at, found.messages.end()) << "an acknowledged message is lost";
    EXPECT_TRUE(at->second == body) << "an acknowledged body is damaged";
    EXPECT_FALSE(found.cancelled.contains(id));
  }
}

void expect_nothing_corrupt_is_returned(const Recovered& found, const Ledger& ledger) {
  for (const auto& [id, body] : found.messages) {
    const auto at = ledger.offered.find(id);
    ASSERT_NE(at, ledger.offered.end());
    if (!found.cancelled.contains(id)) {
      EXPECT_TRUE(at->second == body) << "a message that was never acknowledged came back damaged";
    }
  }
}

std::uint64_t operations_of_the_scenario(Who who) {
  FaultyFileSystem files;
  Ledger ledger;
  run_on_reactor(scenario, files, ledger);
  EXPECT_EQ(ledger.acknowledged.size(), 12U);
  return files.operations(who);
}

using Change = std::function<void(FaultyFileSystem&)>;

/// The scenario on files with this trouble, which end in this way, and what recovery finds of it. Returns how many
/// messages were acknowledged.
std::size_t expect_promises_kept(const Change& trouble, const Change& end) {
  FaultyFileSystem files;
  Ledger ledger;
  trouble(files);
  run_on_reactor(scenario, files, ledger);
  end(files);
  const Recovered found = recover(files);
  expect_nothing_acknowledged_is_lost(found, ledger);
  expect_nothing_corrupt_is_returned(found, ledger);
  return ledger.acknowledged.size();
}

Change power_off_at(Who who, std::uint64_t operation) {
  return [=](FaultyFileSystem& files) { files.power_off_at(who, operation); };
}

Change crash(Survives survives, std::uint64_t seed) {
  return [=](FaultyFileSystem& files) {
    std::mt19937_64 random(seed);
    files.crash(survives, random);
  };
}

TEST(Crash, AtAnyOperationOfTheLogNothingAcknowledgedIsLost) {
  const std::uint64_t operations = operations_of_the_scenario(Who::log);
  ASSERT_GT(operations, 20U);
  std::size_t acknowledged = 0;
  for (std::uint64_t n = 1; n <= operations; ++n) {
    for (const Survives survives : all_ways) {
      SCOPED_TRACE(testing::Message() << "power off at operation " << n << ", way " << static_cast<int>(survives));
      acknowledged += expect_promises_kept(power_off_at(Who::log, n), crash(survives, n));
    }
  }
  EXPECT_GT(acknowledged, operations);  // the tests above saw messages
}

TEST(Crash, WhileSegmentsAreMadeNothingAcknowledgedIsLost) {
  const std::uint64_t operations = operations_of_the_scenario(Who::maker);
  ASSERT_GT(operations, 10U);
  for (std::uint64_t n = 1; n <= operations; ++n) {
    for (const Survives survives : all_ways) {
      SCOPED_TRACE(testing::Message() << "power off at operation " << n << ", way " << static_cast<int>(survives));
      expect_promises_kept(power_off_at(Who::maker, n), crash(survives, n));
    }
  }
}

TEST(Crash, AfterAnyFailedOperationNothingAcknowledgedIsLost) {
  const std::uint64_t operations = operations_of_the_scenario(Who::log);
  for (std::uint64_t n = 1; n <= operations; ++n) {
    for (const int error_number : {EIO, ENOSPC}) {
      SCOPED_TRACE(testing::Message() << "operation " << n << " failed with " << error_number);
      const auto acknowledged = expect_promises_kept(
          [&](FaultyFileSystem& files) { files.fail_at(Who::log, n, error_number); }, crash(Survives::any_subset, n));
      EXPECT_GE(acknowledged, 6U);  // it went on
    }
  }
}

TEST(Crash, SyncedBefore250IsKeptWhenOnlyTheProcessDies) {
  const std::uint64_t operations = operations_of_the_scenario(Who::log);
  for (std::uint64_t n = 1; n <= operations; ++n)
    expect_promises_kept(power_off_at(Who::log, n), [](FaultyFileSystem& files) { files.kill(); });
}

// A disk of few segments, an indexer and deliveries played by the test: segments are recycled again and again, over
// many lives.
class Model {
 public:
  std::map<MessageId, std::string> alive;  // acknowledged, not delivered
  std::set<MessageId> delivered;
  std::map<MessageId, std::string> offered;

  // What RocksDB would hold durably.
  std::map<MessageId, queue::MessagePointer> stored;
  std::map<std::uint16_t, queue::LogPosition> watermarks;
};

void add_live(queue::SegmentTable& table, const queue::Message& message, std::int64_t sign) {
  for (const queue::Extent& extent : message.body)
    table.add_live({extent.log, extent.segment}, sign * static_cast<std::int64_t>(extent.octets));
}

void index_all(LogHarness& site, Model& model) {
  for (auto& item : site.items) {
    if (item->kind == IndexItem::Kind::accept) {
      add_live(site.table, *item->message, 1);
      model.stored[item->message->id] = item->message;
    }
    if (item->end.segment != 0) model.watermarks[item->log] = item->end;
  }
  site.items.clear();
  for (const auto& [log, position] : model.watermarks) site.table.set_synced_watermark(log, position);
}

void deliver_some(LogHarness& site, Model& model, std::mt19937_64& random) {
  std::erase_if(model.stored, [&](const auto& entry) {
    if (random() % 3 == 0 || !model.alive.contains(entry.first)) return false;
    add_live(site.table, *entry.second, -1);
    model.alive.erase(entry.first);
    model.delivered.insert(entry.first);
    return true;
  });
}

io::Task<> client(LogHarness& site, Model& model, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < 6; ++i) {
    const std::string body = body_of(random() % (random() % 4 == 0 ? 40'000 : 5000), random());
    Ledger ledger;
    co_await transact(site, body, ledger);
    // Unsynced, and its item may carry the watermark past chunks that are not on the disk yet.
    site.log.append_unsynced(RecordType::attempt_ended, queue::encode_outcome({}),
                             site.make_item(IndexItem::Kind::outcome));
    model.offered.merge(ledger.offered);
    model.alive.merge(ledger.acknowledged);
  }
}

io::Task<> life(io::Reactor& reactor, FaultyFileSystem& disk, Model& model, std::mt19937_64& random) {
  LogHarness site(disk, small_options(), reactor);
  EXPECT_TRUE(site.table.scan().has_value());
  for (const auto& [id, message] : model.stored) add_live(site.table, *message, 1);
  for (const auto& [log, position] : model.watermarks) site.table.set_synced_watermark(log, position);
  for (const std::uint16_t log : site.table.logs()) {
    auto report = queue::replay_log(site.table, log, model.watermarks[log],
                                    [&](const queue::ReplayedRecord& record) -> Result<void> {
                                      if (record.type != RecordType::accept) return {};
                                      auto message = queue::decode_accept(record);
                                      if (!message) return propagate(message);
                                      auto shared = std::make_shared<const queue::Message>(std::move(*message));
                                      if (model.delivered.contains(shared->id) || model.stored.contains(shared->id))
                                        return {};
                                      add_live(site.table, *shared, 1);
                                      model.stored[shared->id] = shared;
                                      return {};
                                    });
    EXPECT_TRUE(report.has_value()) << report.error().reason;
    if (!report) continue;
    model.watermarks[log] = report->end;
    // As recovery does: all that was found is applied, so everything there is lies behind.
    if (random() % 2 == 0) model.watermarks[log] = {site.table.segments_of(log).back().key.sequence + 1, 0};
    site.table.set_synced_watermark(log, model.watermarks[log]);
  }
  // Nothing is lost, nothing is damaged.
  for (const auto& [id, body] : model.alive) {
    EXPECT_TRUE(model.stored.contains(id)) << "an acknowledged message is lost";
    if (!model.stored.contains(id)) continue;
    auto found = body_now(site.table, *model.stored[id]);
    EXPECT_TRUE(found.has_value() && *found == body) << "an acknowledged body is damaged";
  }
  for (const auto& [id, message] : model.stored) {
    auto found = body_now(site.table, *message);
    EXPECT_TRUE(found.has_value() && model.offered.contains(id) && *found == model.offered[id])
        << "a body came back damaged";
    model.alive.try_emplace(id, model.offered[id]);  // a message nobody acknowledged is ours all the same
  }
  if (!site.log.open()) co_return;
  switch (random() % 4) {
    case 0:
      disk.power_off_at(Who::maker, 1 + random() % 12);
      break;
    case 1:
      disk.fail_at(Who::log, 1 + random() % 30, random() % 2 == 0 ? EIO : ENOSPC);
      break;
    default:
      disk.power_off_at(Who::log, 1 + random() % 60);
      break;
  }
  io::Scope scope(reactor);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) scope.spawn(client(site, model, random()));
    co_await scope.join();
    if (random() % 4 != 0) index_all(site, model);
    if (random() % 4 != 0) deliver_some(site, model, random);
  }
  co_await site.log.close();
}

TEST(Crash, ManyLivesWithRecycledSegmentsLoseNothing) {
  std::uint64_t segments_most = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    FaultyFileSystem files;
    Model model;
    std::mt19937_64 random(seed);
    for (int i = 0; i < 12; ++i) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", life " << i);
      run_on_reactor(life, files, model, random);
      files.crash(all_ways[random() % 4], random);
      if (testing::Test::HasFailure()) return;
      segments_most = std::max<std::uint64_t>(segments_most, files.list("/spool")->size());
    }
    EXPECT_GT(model.delivered.size(), 20U);
  }
  EXPECT_LT(segments_most, 60U);  // files were recycled
}

}  // namespace
}  // namespace ringpost::test
