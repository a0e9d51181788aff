#include "queue/store.h"

#include <rocksdb/db.h>

#include <fstream>
#include <map>

#include "queue_harness.h"

namespace ringpost::queue {
namespace {

using test::TemporaryDirectory;

std::unique_ptr<Store> open(const std::string& path) {
  auto opened = Store::open(path);
  EXPECT_TRUE(opened) << opened.error().reason;
  return opened ? std::move(*opened) : nullptr;
}

MessageRecord record(const std::string& destination, WallTime due) {
  MessageRecord made;
  made.message.envelope = test::envelope("a@example.org", {"b@example.net"});
  made.message.id = MessageId::generate(due);
  made.recipients.resize(1);
  made.recipients[0].destination = destination;
  made.recipients[0].due = due;
  return made;
}

void put(Store& store, const MessageRecord& record, std::uint16_t lane = 0) {
  Batch batch(store);
  batch.put_message(record.message.id, encode_record(record));
  batch.put_due({lane, record.recipients[0].destination, {record.recipients[0].due, record.message.id}}, {false, {0}});
  ASSERT_TRUE(store.apply(batch));
}

std::map<std::string, std::string> contents(const std::string& directory) {
  std::map<std::string, std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

TEST(Store, RecordWatermarkAndCountsReadBackAfterReopening) {
  const TemporaryDirectory directory;
  const MessageRecord made = record("x", {1000});
  {
    auto store = open(directory.path() + "/db");
    put(*store, made);
    Batch batch(*store);
    batch.set_watermark(3, {7, 4096});
    batch.add_counts({2, 1});
    batch.add_live({1, 9}, 500);
    ASSERT_TRUE(store->apply(batch));
    Batch more(*store);
    more.add_counts({-1, 0});
    more.add_live({1, 9}, -200);
    ASSERT_TRUE(store->apply(more));
    ASSERT_TRUE(store->sync());
  }
  auto store = open(directory.path() + "/db");
  const auto found = store->find(made.message.id);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(encode_record(**found), encode_record(made));
  EXPECT_EQ(store->watermarks()->at(0), (std::pair<std::uint16_t, LogPosition>(3, {7, 4096})));
  EXPECT_EQ(store->counts()->messages, 1);
  EXPECT_EQ(store->counts()->deferred, 1);
  EXPECT_EQ(store->live_segments()->at(0), (std::pair<SegmentKey, std::int64_t>({1, 9}, 300)));
}

TEST(Store, ScanReturnsOneDestinationInDueOrderUpToATime) {
  const TemporaryDirectory directory;
  auto store = open(directory.path() + "/db");
  for (const std::int64_t due : {50, 10, 30, 20, 90}) put(*store, record("x", {due}));
  put(*store, record("y", {15}));
  put(*store, record("x", {5}), 1);
  const auto all = store->scan_due({0, "x", DuePosition::first(), {50}, 100});
  ASSERT_TRUE(all);
  std::vector<std::int64_t> dues;
  for (const DueMessage& message : all->messages) dues.push_back(message.position.due.milliseconds);
  EXPECT_EQ(dues, (std::vector<std::int64_t>{10, 20, 30, 50}));
  EXPECT_TRUE(all->exhausted);
  EXPECT_EQ(all->next_due, WallTime{90});
  const auto some = store->scan_due({0, "x", DuePosition::first(), {50}, 2});
  ASSERT_TRUE(some);
  EXPECT_FALSE(some->exhausted);
  const auto rest = store->scan_due({0, "x", some->next, {50}, 2});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->messages.front().position.due.milliseconds, 30);
  DueScan bounded{0, "x", DuePosition::first(), {50}, 100};
  bounded.octets_max = 1;
  const auto one = store->scan_due(bounded);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->messages.size(), 1U);
  EXPECT_FALSE(one->exhausted);
  EXPECT_EQ(one->next, one->messages[0].position.after());
}

TEST(Store, SkipScanFindsEachDestinationOfALaneOnce) {
  const TemporaryDirectory directory;
  auto store = open(directory.path() + "/db");
  for (const char* name : {"a", "a.b", "c", "a", "c", "c"}) put(*store, record(name, {10}), 2);
  put(*store, record("other", {1}), 5);
  std::vector<std::string> names;
  ASSERT_TRUE(store->each_destination(2, [&](DueKey&& first) { names.push_back(first.destination); }));
  EXPECT_EQ(names, (std::vector<std::string>{"a", "a.b", "c"}));
  EXPECT_EQ(*store->next_lane(0), 2);
  EXPECT_EQ(*store->next_lane(3), 5);
  EXPECT_FALSE(store->next_lane(6)->has_value());
}

TEST(Store, RecordThatCannotBeReadIsPassedOver) {
  const TemporaryDirectory directory;
  auto store = open(directory.path() + "/db");
  const MessageRecord broken = record("x", {10});
  put(*store, broken);
  put(*store, record("x", {20}));
  Batch batch(*store);
  batch.put_message(broken.message.id, "these are not the octets of a record");
  batch.put_due({0, "x", {{15}, MessageId::generate({15})}}, {false, {0}});  // and one that is not there at all
  ASSERT_TRUE(store->apply(batch));
  const auto found = store->scan_due({0, "x", DuePosition::first(), {50}, 10});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->messages.size(), 1U);
  EXPECT_EQ(found->messages[0].position.due.milliseconds, 20);
  EXPECT_TRUE(found->exhausted);
  std::size_t listed = 0;
  ASSERT_TRUE(store->each_message({}, [&](const MessageRecord&) { return ++listed != 0; }));
  EXPECT_EQ(listed, 1U);
}

TEST(Store, NewerSchemaIsRefusedAndNothingIsWritten) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/db";
  open(path).reset();
  {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &db).ok());
    for (auto* handle : handles) {
      if (handle->GetName() != "meta") continue;
      ASSERT_TRUE(db->Put({}, handle, "schema", std::to_string(Store::schema_version + 1)).ok());
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  const auto before = contents(path);
  const auto opened = Store::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::refused);
  EXPECT_EQ(contents(path), before);
}

}  // namespace
}  // namespace ringpost::queue
