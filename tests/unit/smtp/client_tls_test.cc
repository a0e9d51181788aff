#include <gmock/gmock.h>

#include "smtp/client.h"
#include "smtp/client_talk.h"

namespace ringpost::smtp {
namespace {

const test::Step hello_starttls{"EHLO c.example\r\n", "250-hi\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"};

TEST(ClientTls, ACommandIsOneLineAndOneReply) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_plain,
                                       {"AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n"},
                                       {"YQ==\r\n", "535-5.7.8 no\r\n535 5.7.8 never\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    auto reply = co_await client->command("AUTH LOGIN", soon(), Cancel::never());
    EXPECT_TRUE(reply && reply->intermediate());
    if (reply) {
      EXPECT_THAT(reply->lines(), ElementsAre("VXNlcm5hbWU6"));
    }
    reply = co_await client->command("YQ==", soon(), Cancel::never());
    EXPECT_TRUE(reply && reply->permanent());
    EXPECT_TRUE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientTls, WhatWasOfferedInClearTextIsForgottenWithStarttls) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_starttls, {"STARTTLS\r\n", "220 2.0.0 go\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    EXPECT_TRUE(client->offered().starttls);
    const auto reply = co_await client->starttls(soon(), Cancel::never());
    EXPECT_TRUE(reply && reply->positive());
    EXPECT_EQ(client->offered(), Extensions{});
    EXPECT_EQ(client->tls(), nullptr);
    EXPECT_TRUE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

TEST(ClientTls, ARefusedStarttlsLeavesTheSessionAsItWas) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello_starttls, {"STARTTLS\r\n", "454 4.7.0 no certificate today\r\n"}}});
    auto client = co_await greeted(reactor, peer);
    const auto reply = co_await client->starttls(soon(), Cancel::never());
    EXPECT_TRUE(reply && reply->transient());
    EXPECT_TRUE(client->offered().starttls);
    EXPECT_TRUE(client->usable());
    co_await client->close();
    co_await peer.stop();
  });
}

// CVE-2011-0411 and its kin, from the other side: a reply that somebody in between puts behind the 220 would be taken
// for the first one under TLS.
TEST(ClientTls, AnythingBehindTheReplyToStarttlsBreaksTheConnection) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    for (const char* injected : {"250-hi\r\n250 AUTH PLAIN\r\n", "2", "\r\n"}) {
      ScriptedPeer peer(reactor,
                        {Script{greet, hello_starttls, {"STARTTLS\r\n", std::string("220 go\r\n") + injected}}});
      auto client = co_await greeted(reactor, peer);
      const auto reply = co_await client->starttls(soon(), Cancel::never());
      EXPECT_FALSE(reply.has_value()) << injected;
      if (!reply) {
        EXPECT_EQ(reply.error().kind, ErrorKind::invalid);
      }
      EXPECT_FALSE(client->usable());
      co_await client->close();
      co_await peer.stop();
    }
  });
}

}  // namespace
}  // namespace ringpost::smtp
