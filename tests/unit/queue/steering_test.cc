#include "queue/steering.h"

#include "steering_harness.h"

namespace ringpost::test {
namespace {

TEST_F(SteeringTest, SuspendedSenderWaitsAndTheOthersPass) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, from_to("a@example.org", "b@example.net"), test_body());
        co_await mark(shard, queue, MarkKind::suspend, sender("a@example.org"));
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
        (void)co_await submit(shard, from_to("a@example.org", "c@example.net"), test_body());
        (void)co_await submit(shard, from_to("x@example.org", "d@example.net"), test_body());
        auto passed = co_await next(shard, destination);
        EXPECT_TRUE(passed && passed->message().envelope.recipients[0].address.text() == "d@example.net");
        if (passed) deliver(*passed);
        auto none = co_await next(shard, destination, std::chrono::milliseconds(200));
        EXPECT_FALSE(none.has_value());
        co_await lift(shard, queue, MarkKind::suspend, sender("a@example.org"));
        for (int i = 0; i < 2; ++i) {
          auto resumed = co_await next(shard, destination);
          EXPECT_TRUE(resumed.has_value());
          if (resumed) deliver(*resumed);
        }
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(SteeringTest, SuspendedDestinationStaysClosedOverARestart) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        co_await mark(shard, queue, MarkKind::suspend, to_destination(destination));
        (void)co_await submit(shard, one_recipient(), test_body());
      },
      *queue_);
  close();
  open();
  ASSERT_EQ(queue_->inspector().marks().size(), 1U);
  EXPECT_EQ(queue_->inspector().marks()[0].reason, "because");
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        auto none = co_await next(shard, destination, std::chrono::milliseconds(200));
        EXPECT_FALSE(none.has_value());
        co_await lift(shard, queue, MarkKind::suspend, {});
        auto resumed = co_await next(shard, destination);
        EXPECT_TRUE(resumed.has_value());
        if (resumed) deliver(*resumed);
      },
      *queue_);
}

TEST_F(SteeringTest, HoldSparesWhatComesLaterAndReleaseMayTakePart) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, from_to("a@example.org", "b@example.net"), test_body());
        (void)co_await submit(shard, from_to("x@example.org", "c@example.net"), test_body());
        co_await mark(shard, queue, MarkKind::hold, {});
        (void)co_await submit(shard, from_to("a@example.org", "later@example.net"), test_body());
        auto later = co_await next(shard, destination);
        EXPECT_TRUE(later && later->message().envelope.recipients[0].address.local == "later");
        if (later) deliver(*later);
        co_await lift(shard, queue, MarkKind::hold, sender("x@example.org"));
        auto released = co_await next(shard, destination);
        EXPECT_TRUE(released && released->message().envelope.recipients[0].address.local == "c");
        if (released) deliver(*released);
        auto none = co_await next(shard, destination, std::chrono::milliseconds(200));
        EXPECT_FALSE(none.has_value());
        co_await lift(shard, queue, MarkKind::hold, {});
        auto last = co_await next(shard, destination);
        EXPECT_TRUE(last.has_value());
        if (last) deliver(*last);
      },
      *queue_);
  EXPECT_EQ(queue_->inspector().marks().size(), 0U);
}

TEST_F(SteeringTest, DropIsInForceAtOnceAndReapedLaterWithItsMark) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 50; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        auto deferred = co_await next(shard, destination);
        if (deferred) defer(*deferred);
        auto leased = co_await next(shard, destination);
        EXPECT_TRUE(leased && leased->withdraw_covered());
        co_await mark(shard, queue, MarkKind::drop, sender("@example.org"));
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
        EXPECT_TRUE(leased && !leased->withdraw_covered());
        (void)co_await submit(shard, from_to("a@example.org", "later@example.net"), test_body());
        auto later = co_await next(shard, destination);
        EXPECT_TRUE(later && later->message().envelope.recipients[0].address.local == "later");
        if (later) deliver(*later);
        co_await sleep_for(shard.reactor(), std::chrono::seconds(4));
        EXPECT_EQ(queue.inspector().marks().size(), 1U) << "a lease from before the drop is not back yet";
        if (leased) leased->finish({});
        for (int i = 0; i < 100 && !queue.inspector().marks().empty(); ++i)
          co_await sleep_for(shard.reactor(), std::chrono::milliseconds(100));
        EXPECT_TRUE(queue.inspector().marks().empty());
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
  EXPECT_EQ(settled().messages_deferred, 0U);
  close();
  open();
  EXPECT_EQ(queue_->gauges().messages, 0U);
}

TEST_F(SteeringTest, DropTakesTheRecipientsItNamesAndNoOthers) {
  MessageId id;
  on_shard(
      [](Shard& shard, queue::Queue& queue, MessageId& made) -> io::Task<> {
        std::vector<std::string> two{"b@example.net", "c@example.edu"};
        made = co_await submit(shard, envelope("a@example.org", two), test_body());
        co_await mark(shard, queue, MarkKind::drop, to_destination("example.net"));
        co_await sleep_for(shard.reactor(), std::chrono::seconds(5));
        auto other = co_await next(shard, "smtp:example.edu");
        EXPECT_TRUE(other && other->recipients().front() == 1);
        if (other) defer(*other);
      },
      *queue_, id);
  const auto record = queue_->inspector().show(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->recipients[0].phase, queue::RecipientPhase::failed);
  EXPECT_EQ(record->recipients[1].phase, queue::RecipientPhase::queued);
}

TEST_F(SteeringTest, ALeaseGivesBackOnlyTheRecipientsThatAreCovered) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        std::vector<std::string> two{"b@example.net", "c@example.net"};
        (void)co_await submit(shard, envelope("a@example.org", two), test_body());
        auto leased = co_await next(shard, destination);
        EXPECT_TRUE(leased && leased->recipients().size() == 2);
        Selector one;
        one.recipient = "b@example.net";
        co_await mark(shard, queue, MarkKind::hold, one);
        if (!leased) co_return;
        EXPECT_TRUE(leased->withdraw_covered());
        EXPECT_EQ(leased->recipients(), std::vector<std::uint32_t>(1, 1));
        deliver(*leased);
        co_await lift(shard, queue, MarkKind::hold, one);
        auto other = co_await next(shard, destination);
        EXPECT_TRUE(other && other->recipients() == std::vector<std::uint32_t>(1, 0));
        if (other) deliver(*other);
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(SteeringTest, ExplainTellsTheGatesInOrder) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        using Kind = Gate::Kind;
        const MessageId id = co_await submit(shard, one_recipient(), test_body());
        std::vector<Kind> first, leased, deferred;
        bool next_known = true;
        std::string why;
        auto ask = [&] { first = gates_of(queue, id); };
        co_await meanwhile(shard, ask);
        auto attempt = co_await next(shard, destination);
        auto ask_leased = [&] { leased = gates_of(queue, id); };
        co_await meanwhile(shard, ask_leased);
        if (attempt) defer(*attempt);
        shard.scheduler().postpone(destination, monotonic_now() + std::chrono::hours(2), "connection refused");
        co_await mark(shard, queue, MarkKind::hold, sender("a@example.org"));
        co_await mark(shard, queue, MarkKind::suspend, to_destination("example.net"));
        auto ask_deferred = [&] {
          deferred = gates_of(queue, id);
          const auto told = queue.inspector().explain(id);
          next_known = !told || told->front().next.has_value();
          if (told && told->front().gates.size() > 2) why = told->front().gates[2].why;
        };
        co_await meanwhile(shard, ask_deferred);
        EXPECT_EQ(first, std::vector<Kind>(1, Kind::ready));
        EXPECT_EQ(leased, std::vector<Kind>(1, Kind::attempt));
        std::vector<Kind> expected;
        for (const Kind kind : {Kind::suspend, Kind::hold, Kind::retry, Kind::postponed}) expected.push_back(kind);
        EXPECT_EQ(deferred, expected);
        EXPECT_FALSE(next_known);
        EXPECT_NE(why.find("451 later"), std::string::npos) << why;
      },
      *queue_);
}

TEST_F(SteeringTest, MarksAreBoundedReplacedAndEndByThemselves) {
  queue::Inspector& inspector = queue_->inspector();
  const auto first = inspector.mark({.kind = MarkKind::suspend, .selector = sender("a@example.org")});
  const auto again = inspector.mark({.kind = MarkKind::suspend, .selector = sender("a@example.org")});
  ASSERT_TRUE(first && again);
  EXPECT_GT(again->id, first->id);
  EXPECT_EQ(inspector.marks().size(), 1U);
  EXPECT_FALSE(inspector.mark({.kind = MarkKind::hold, .selector = {.state = "deferred"}}));
  EXPECT_FALSE(inspector.lift(MarkKind::suspend, sender("b@example.org"), {}));
  EXPECT_TRUE(inspector.lift(MarkKind::suspend, {}, {again->id}));
  const auto brief = inspector.mark({.kind = MarkKind::suspend, .until = WallTime::now() + 100ms});
  ASSERT_TRUE(brief);
  for (int i = 0; i < 50 && !inspector.marks().empty(); ++i) std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(inspector.marks().empty());
  for (std::size_t i = 0; i < queue::Steering::marks_max; ++i)
    ASSERT_TRUE(inspector.mark({.kind = MarkKind::suspend, .selector = sender(std::to_string(i) + "@example.org")}));
  EXPECT_FALSE(inspector.mark({.kind = MarkKind::suspend, .selector = sender("one@example.org")}));
}

}  // namespace
}  // namespace ringpost::test
