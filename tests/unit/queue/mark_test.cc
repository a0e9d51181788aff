#include "queue/mark.h"

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Mark;
using queue::MarkKind;
using queue::Marks;

queue::Message message_of(const std::string& from, const std::string& to, std::uint64_t generation) {
  queue::Message message;
  message.id = MessageId::generate(WallTime::now());
  message.envelope = envelope(from, {to});
  message.envelope.origin.login = "ann";
  message.generation = generation;
  return message;
}

TEST(MarkTest, WhatIsWrittenIsRead) {
  Mark mark{7, MarkKind::hold, {}, {123'456}, WallTime{99}, WallTime{100'000}, "too many complaints", "eva"};
  mark.selector.ids = {MessageId{1, 2}, MessageId{3, 4}};
  mark.selector.sender = "";
  mark.selector.destination = "example.net";
  mark.to = mark.to_optional = "smtp://relay.example.net:25";
  mark.to_required = mark.to + ",requiretls";
  const auto read = queue::decode_mark(queue::encode_mark(mark));
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ(*read, mark);
  EXPECT_FALSE(queue::decode_mark(queue::encode_mark(mark).substr(1)));
  EXPECT_FALSE(queue::decode_mark(queue::encode_mark(mark) + "x"));
}

TEST(MarkTest, ARouteIsKeptWithTheDomainsThatGoAnotherWay) {
  Mark mark{7, MarkKind::suspend};
  mark.selector.route = mail::DomainScope{"*.example.net", {"*.a.example.net", "b.example.net"}};
  const auto read = queue::decode_mark(queue::encode_mark(mark));
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ(*read, mark);
  EXPECT_EQ(read->selector.route->others, mark.selector.route->others);
  EXPECT_TRUE(read->covers(message_of("a@example.org", "b@c.example.net", 0), 0, "smtp://relay:25"));
  EXPECT_FALSE(read->covers(message_of("a@example.org", "b@b.example.net", 0), 0, "smtp://relay:25"));
  EXPECT_FALSE((Marks{{mark}, 7}.closes("smtp://relay:25")));
  mark.selector.route->others = {"b", "a"};
  EXPECT_FALSE(queue::decode_mark(queue::encode_mark(mark)));
}

TEST(MarkTest, AnEarlierSchemaKnewNoReroutes) {
  const Mark mark{7, MarkKind::drop, {.sender = "a@example.org"}, {123'456}};
  std::string octets = queue::encode_mark(mark);
  octets.resize(octets.size() - 3);  // the lengths of `to` and its like
  octets[0] = 1;
  const auto read = queue::decode_mark(octets);
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ(*read, mark);
}

TEST(MarkTest, ARerouteStandsInTheWayUntilItsMailHasArrivedAndTheNewestLeads) {
  const auto message = message_of("a@example.org", "b@example.net", 0);
  const Mark first{1, MarkKind::reroute, {.sender = "a@example.org"}, {}, {}, {}, {}, {}, "smtp://one:25"};
  const Mark second{2,  MarkKind::reroute, {.recipient = "@example.net"}, {}, {}, {}, {},
                    {}, "smtp://two:25",   "smtp://two:25,requiretls"};
  const Mark retry{3, MarkKind::retry};
  const Marks marks{{first, second, retry}, 3};
  const auto way = [&](const char* destination) {
    const Mark* found = marks.way(message, 0, destination);
    EXPECT_EQ(marks.gate(message, 0, destination), found);
    return found == nullptr ? 0 : found->id;
  };
  EXPECT_EQ(way("smtp:example.net"), 2U);
  EXPECT_EQ(way("smtp://one:25"), 2U);
  EXPECT_EQ(way("smtp://two:25"), 0U);
  auto secret = message;
  secret.envelope.tls = mail::TlsWish::required;
  EXPECT_NE(marks.gate(secret, 0, "smtp://two:25"), nullptr);
  EXPECT_EQ(marks.gate(secret, 0, "smtp://two:25,requiretls"), nullptr);
  const auto later = message_of("a@example.org", "b@example.net", 2);
  EXPECT_EQ(marks.gate(later, 0, "smtp:example.net"), nullptr);
}

TEST(MarkTest, HoldCoversWhatWasThereAndSuspendWhatComesToo) {
  const auto before = message_of("a@example.org", "b@example.net", 2);
  const auto after = message_of("a@example.org", "b@example.net", 3);
  const Mark hold{3, MarkKind::hold, {.sender = "a@example.org"}};
  EXPECT_TRUE(hold.covers(before, 0, "smtp:example.net"));
  EXPECT_FALSE(hold.covers(after, 0, "smtp:example.net"));
  const Mark suspend{3, MarkKind::suspend, {.destination = "example.NET"}};
  EXPECT_TRUE(suspend.covers(before, 0, "smtp:192.0.2.1:25"));
  EXPECT_TRUE(suspend.covers(after, 0, "smtp:192.0.2.1:25"));
  EXPECT_FALSE(Mark(3, MarkKind::suspend, {.login = "bob"}).covers(after, 0, "smtp:example.net"));
  EXPECT_TRUE(Mark(3, MarkKind::suspend, {.login = "ann"}).covers(after, 0, "smtp:example.net"));
}

TEST(MarkTest, OfHoldsAndReleasesTheNewestCountsAndADropOutweighsAll) {
  const auto message = message_of("a@example.org", "b@example.net", 0);
  const auto gate = [&](std::vector<Mark> all) {
    const Marks marks{std::move(all), 9};
    const Mark* found = marks.gate(message, 0, "smtp:example.net");
    return found == nullptr ? 0 : found->id;
  };
  const Mark hold_all{1, MarkKind::hold};
  const Mark release{2, MarkKind::release, {.sender = "@example.org"}};
  const Mark hold_again{3, MarkKind::hold, {.recipient = "b@example.net"}};
  const Mark suspend{4, MarkKind::suspend, {.destination = "smtp:example.net"}};
  const Mark drop{5, MarkKind::drop};
  EXPECT_EQ(gate({hold_all}), 1U);
  EXPECT_EQ(gate({hold_all, release}), 0U);
  EXPECT_EQ(gate({hold_all, release, hold_again}), 3U);
  EXPECT_EQ(gate({hold_all, release, suspend}), 4U);
  EXPECT_EQ(gate({drop, suspend, hold_again}), 5U);
}

TEST(MarkTest, ADestinationIsMeantWithWhateverItsMailWantsOfTls) {
  const auto message = message_of("a@example.org", "b@example.net", 0);
  const Mark plain{1, MarkKind::suspend, {.destination = "smtp://relay:25"}};
  const Mark secret{2, MarkKind::suspend, {.destination = "smtp://relay:25,requiretls"}};
  for (const char* destination : {"smtp://relay:25", "smtp://relay:25,requiretls", "smtp://relay:25,tls-optional"}) {
    EXPECT_TRUE(plain.covers(message, 0, destination)) << destination;
    EXPECT_TRUE((Marks{{plain}, 1}.closes(destination))) << destination;
  }
  EXPECT_FALSE(plain.covers(message, 0, "smtp://relay:25,smtp://other:25"));
  EXPECT_FALSE(secret.covers(message, 0, "smtp://relay:25"));
  EXPECT_TRUE(secret.covers(message, 0, "smtp://relay:25,requiretls"));
}

TEST(MarkTest, OnlyASuspensionOfTheWholeDestinationClosesIt) {
  const auto closes = [](const Mark& mark) { return Marks{{mark}, 1}.closes("smtp:example.net"); };
  EXPECT_TRUE(closes({1, MarkKind::suspend}));
  EXPECT_TRUE(closes({1, MarkKind::suspend, {.destination = "smtp:example.net"}}));
  EXPECT_FALSE(closes({1, MarkKind::suspend, {.destination = "example.net"}}));
  EXPECT_FALSE(closes({1, MarkKind::suspend, {.sender = "a@example.org", .destination = "smtp:example.net"}}));
  EXPECT_FALSE(closes({1, MarkKind::hold}));
}

}  // namespace
}  // namespace ringpost::test
