#include "queue/applier.h"

#include "queue_harness.h"

namespace ringpost::queue {
namespace {

using test::TemporaryDirectory;

class ApplierTest : public ::testing::Test {
 protected:
  ApplierTest() : segments_(real_file_system(), directory_.path() + "/spool", 1 << 20, 0) { open(); }

  void open() {
    applier_.reset();
    store_.reset();
    auto opened = Store::open(directory_.path() + "/db");
    ASSERT_TRUE(opened) << opened.error().reason;
    store_ = std::move(*opened);
    applier_ = std::make_unique<Applier>(*store_, segments_, 1);
    ASSERT_TRUE(applier_->open());
  }

  static MessagePointer message(std::vector<std::string> recipients) {
    auto made = std::make_shared<Message>();
    made->envelope = test::envelope("a@example.org", recipients);
    made->id = MessageId::generate(made->envelope.received);
    made->body.push_back({0, 1, 100, 1000});
    made->facts.octets = 1000;
    return made;
  }
  void accept(const MessagePointer& message) {
    auto item = next_item(IndexItem::Kind::accept);
    item->message = message;
    for (const auto& recipient : message->envelope.recipients) item->destinations.push_back(recipient.address.domain);
    applier_->take(std::move(item), now_);
  }
  static Outcome::Item result(std::uint32_t recipient, mail::Action action, WallTime due = {}, std::string where = {}) {
    mail::DeliveryStatus status;
    status.recipient = recipient;
    status.action = action;
    return {status, due, std::move(where)};
  }
  void outcome(const MessageId& id, std::vector<Outcome::Item> results) {
    auto item = next_item(IndexItem::Kind::outcome);
    item->outcome = {id, std::move(results)};
    applier_->take(std::move(item), now_);
  }
  std::unique_ptr<IndexItem> next_item(IndexItem::Kind kind) {
    auto item = std::make_unique<IndexItem>();
    item->kind = kind;
    item->end = end_;
    item->sequence = ++sequence_;
    end_.offset += 8;
    now_ += std::chrono::milliseconds(1);
    return item;
  }
  void apply() {
    const auto applied = applier_->apply(MonotonicTime::max(), SIZE_MAX);
    ASSERT_TRUE(applied) << applied.error().reason;
  }
  std::size_t due_entries() {
    std::size_t count = 0;
    EXPECT_TRUE(store_->each_due([&](const DueKey&, const DueValue&) { return ++count != 0; }));
    return count;
  }
  bool stored(const MessageId& id) {
    const auto found = store_->find(id);
    EXPECT_TRUE(found);
    return found && found->has_value();
  }
  LogPosition watermark() {
    const auto all = store_->watermarks();
    EXPECT_TRUE(all);
    return all && !all->empty() ? all->front().second : LogPosition{};
  }
  std::int64_t live() {
    const auto all = store_->live_segments();
    EXPECT_TRUE(all);
    std::int64_t sum = 0;
    for (const auto& [key, octets] : *all) sum += octets;
    return sum;
  }

  TemporaryDirectory directory_;
  SegmentTable segments_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Applier> applier_;
  MonotonicTime now_ = monotonic_now();
  LogPosition end_{1, 64};
  std::uint64_t sequence_ = 0;
};

TEST_F(ApplierTest, AcceptThatIsFinalBeforeItIsAppliedLeavesOnlyTheWatermark) {
  const auto gone = message({"b@example.net"});
  accept(gone);
  const LogPosition accepted = end_;
  const MonotonicTime then = now_;
  outcome(gone->id, {result(0, mail::Action::delivered)});
  EXPECT_EQ(applier_->messages(), 0U);
  EXPECT_EQ(applier_->unindexed(), 0U);
  // Even when only the accept is old enough.
  const auto applied = applier_->apply(then, SIZE_MAX);
  ASSERT_TRUE(applied && *applied);
  EXPECT_FALSE(stored(gone->id));
  EXPECT_EQ(due_entries(), 0U);
  EXPECT_EQ(watermark().offset, accepted.offset - 8);
  EXPECT_EQ(applier_->applied_sequence(0), 1U);
  apply();
  EXPECT_EQ(applier_->applied_sequence(0), 2U);
  EXPECT_EQ(live(), 0);
}

TEST_F(ApplierTest, OutcomeOfOneRecipientKeepsTheOthersDue) {
  const auto both = message({"b@example.net", "c@example.com", "d@example.net"});
  accept(both);
  apply();
  EXPECT_EQ(due_entries(), 2U);
  EXPECT_EQ(live(), 1000);
  outcome(both->id, {result(0, mail::Action::delivered)});
  apply();
  const auto record = store_->find(both->id);
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->recipients[0].phase, RecipientPhase::delivered);
  EXPECT_EQ((*record)->recipients[2].phase, RecipientPhase::queued);
  std::vector<std::uint32_t> left;
  ASSERT_TRUE(store_->each_due([&](const DueKey& key, const DueValue& due) {
    if (key.destination == "example.net") left = due.recipients;
    return true;
  }));
  EXPECT_EQ(left, std::vector<std::uint32_t>{2});
  outcome(both->id, {result(1, mail::Action::failed), result(2, mail::Action::delivered)});
  apply();
  EXPECT_FALSE(stored(both->id));
  EXPECT_EQ(due_entries(), 0U);
  EXPECT_EQ(live(), 0);
  EXPECT_EQ(store_->counts()->messages, 0);
}

TEST_F(ApplierTest, DeferredRecipientMovesToItsNewTimeAndDestination) {
  const auto late = message({"b@example.net"});
  accept(late);
  outcome(late->id, {result(0, mail::Action::deferred, {4'000'000'000'000}, "backup")});
  apply();
  std::vector<DueKey> keys;
  ASSERT_TRUE(store_->each_due([&](const DueKey& key, const DueValue& due) {
    EXPECT_TRUE(due.deferred);
    keys.push_back(key);
    return true;
  }));
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].destination, "backup");
  EXPECT_EQ(keys[0].position.due.milliseconds, 4'000'000'000'000);
  EXPECT_EQ(applier_->deferred(), 1U);
  EXPECT_EQ(store_->counts()->deferred, 1);
}

TEST_F(ApplierTest, OutcomeAppliedTwiceIsAppliedOnce) {
  const auto late = message({"b@example.net", "c@example.net"});
  accept(late);
  const std::vector<Outcome::Item> results = {result(0, mail::Action::deferred, {4'000'000'000'000}, "x"),
                                              result(1, mail::Action::delivered)};
  outcome(late->id, results);
  apply();
  const auto once = store_->find(late->id);
  outcome(late->id, results);
  apply();
  const auto twice = store_->find(late->id);
  ASSERT_TRUE(once && *once && twice && *twice);
  EXPECT_EQ(encode_record(**once), encode_record(**twice));
  EXPECT_EQ(due_entries(), 1U);
}

TEST_F(ApplierTest, OutcomeOfAnUnknownMessageIsNothing) {
  outcome(MessageId::generate(WallTime::now()), {result(0, mail::Action::delivered)});
  apply();
  EXPECT_EQ(applier_->messages(), 0U);
  EXPECT_EQ(store_->counts()->messages, 0);
  EXPECT_EQ(watermark(), (LogPosition{1, 64}));
}

TEST_F(ApplierTest, OutcomeForARecipientThatDoesNotExistIsNothing) {
  const auto one = message({"b@example.net"});
  accept(one);
  outcome(one->id, {result(7, mail::Action::delivered)});
  apply();
  outcome(one->id, {result(7, mail::Action::delivered)});
  apply();
  EXPECT_TRUE(stored(one->id));
}

TEST_F(ApplierTest, WatermarkAndRecordsAreOfOneMomentAfterReopening) {
  std::vector<MessagePointer> all;
  for (int i = 0; i < 10; ++i) accept(all.emplace_back(message({"b@example.net"})));
  const auto applied = applier_->apply(MonotonicTime::max(), 6);
  ASSERT_TRUE(applied && *applied);
  EXPECT_EQ(applier_->waiting(), 4U);
  open();
  EXPECT_EQ(watermark().offset, 64U + 5 * 8);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(stored(all[i]->id), i < 6) << i;
  EXPECT_EQ(applier_->messages(), 6U);
}

TEST_F(ApplierTest, DropForgetsAPendingMessageAndAStoredOne) {
  const auto pending = message({"b@example.net"});
  const auto old = message({"b@example.net"});
  accept(old);
  apply();
  accept(pending);
  for (const auto& id : {pending->id, old->id}) {
    auto item = next_item(IndexItem::Kind::drop);
    item->outcome.message = id;
    applier_->take(std::move(item), now_);
  }
  apply();
  EXPECT_FALSE(stored(pending->id));
  EXPECT_FALSE(stored(old->id));
  EXPECT_EQ(due_entries(), 0U);
  EXPECT_EQ(applier_->messages(), 0U);
  EXPECT_EQ(live(), 0);
}

TEST_F(ApplierTest, DeadOctetsAreToldToTheTableOnlyAfterASync) {
  ASSERT_TRUE(real_file_system().make_directories(directory_.path() + "/spool"));
  const auto segment = segments_.begin(0);
  ASSERT_TRUE(segment);
  auto dead = std::make_shared<Message>(*message({"b@example.net"}));
  dead->body = {{0, segment->key.sequence, 100, 1000}};
  accept(dead);
  apply();
  EXPECT_EQ(segments_.totals().live_octets, 1000U);
  outcome(dead->id, {result(0, mail::Action::delivered)});
  apply();
  EXPECT_FALSE(stored(dead->id));
  EXPECT_EQ(segments_.totals().live_octets, 1000U);
  ASSERT_TRUE(applier_->sync());
  EXPECT_EQ(segments_.totals().live_octets, 0U);
  segments_.unpin(segment->key);
}

TEST_F(ApplierTest, PinsOfAnAcceptLiveUntilItIsSynced) {
  const auto pin = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = pin;
  const auto large = message({"b@example.net"});
  auto item = next_item(IndexItem::Kind::accept);
  item->message = large;
  item->destinations = {"x"};
  item->pins = pin;
  applier_->take(std::move(item), now_);
  EXPECT_EQ(watch.use_count(), 2);
  apply();
  EXPECT_EQ(watch.use_count(), 2);
  ASSERT_TRUE(applier_->sync());
  EXPECT_EQ(watch.use_count(), 1);
}

}  // namespace
}  // namespace ringpost::queue
