#include "dns/resolver.h"

#include <gtest/gtest.h>

#include "io/scope.h"
#include "support/run_on_reactor.h"

// Answers of a real name server: tests/scenario/mail_goes_by_mx.py and dns_bombs_are_cut.py; here is what needs none.
namespace ringpost::dns {
namespace {

using io::Cancel;
using io::CancelSource;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;

Options nobody_there() {
  return {.servers = {"127.0.0.1:1"}, .trust_anchor = {}};
}

TEST(DnsResolver, LocalhostIsKnownWithoutAServer) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    auto resolver = Resolver::create(reactor, nobody_there());
    EXPECT_TRUE(resolver.has_value());
    if (!resolver) co_return;
    auto answer = co_await (*resolver)->look_up("localhost", RecordType::a, Deadline::after(std::chrono::seconds(20)),
                                                Cancel::never());
    EXPECT_TRUE(answer.has_value() && answer->kind == Answer::Kind::records);
    if (answer && !answer->records.empty()) {
      EXPECT_EQ(answer->records.front(), std::string("\x7f\0\0\1", 4));
    }
    co_await (*resolver)->close();
  });
}

TEST(DnsResolver, AQuestionEndsWithItsDeadlineOrWhenItIsCancelled) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    auto resolver = Resolver::create(reactor, nobody_there());
    EXPECT_TRUE(resolver.has_value());
    if (!resolver) co_return;
    auto late = co_await (*resolver)->look_up("mail.example.org", RecordType::mx, Deadline::after(milliseconds(1)),
                                              Cancel::never());
    EXPECT_FALSE(late.has_value());
    if (!late) {
      EXPECT_EQ(late.error().kind, ErrorKind::timed_out);
      EXPECT_EQ(late.error().status, (PublicStatus{451, {4, 4, 3}}));
    }
    CancelSource source;
    source.request();
    auto cancelled = co_await (*resolver)->look_up("mail.example.org", RecordType::mx, Deadline::never(), source);
    EXPECT_TRUE(!cancelled && cancelled.error().kind == ErrorKind::cancelled);
    auto nameless = co_await (*resolver)->look_up("", RecordType::mx, Deadline::never(), Cancel::never());
    EXPECT_TRUE(!nameless && nameless.error().kind == ErrorKind::invalid);
    co_await (*resolver)->close();
  });
}

TEST(DnsResolver, WhatCannotBeUsedIsSaid) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    auto wrong = Resolver::create(reactor, {.servers = {"nonsense:53"}, .trust_anchor = {}});
    EXPECT_FALSE(wrong.has_value());
    wrong = Resolver::create(reactor, {.servers = {}, .trust_anchor = "/nonexistent/root.key"});
    EXPECT_FALSE(wrong.has_value());
    if (!wrong) {
      EXPECT_NE(wrong.error().reason.find("/nonexistent/root.key"), std::string::npos);
    }
    co_return;
  });
}

}  // namespace
}  // namespace ringpost::dns
