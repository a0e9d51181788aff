#include "tls/hello.h"

#include <gtest/gtest.h>

#include "client_hello.h"

namespace ringpost::tls {
namespace {

using State = Hello::State;

std::string hello_for(const std::string& name, bool extended = true) {
  const std::string names = vector(number(0, 1) + vector(name, 2), 2);
  return client_hello({0x1301}, extension(10, "groups") + extension(0, names) + (extended ? extension(23, "") : ""));
}

TEST(Hello, TheNameAClientAsksForIsRead) {
  const Hello hello = parse_hello(record(hello_for("Mail.Example.ORG.")));
  EXPECT_EQ(hello.state, State::complete);
  EXPECT_EQ(hello.server_name, "mail.example.org");
  EXPECT_TRUE(hello.extended_master_secret);
  EXPECT_FALSE(parse_hello(record(hello_for("a.example", false))).extended_master_secret);
}

TEST(Hello, HowAClientWouldResumeIsRead) {
  const auto lacks_exchange = [](const std::string& modes) {
    return parse_hello(record(client_hello({0x1301}, extension(45, vector(modes, 1))))).psk_without_key_exchange;
  };
  EXPECT_TRUE(lacks_exchange(number(0, 1)));                  // psk_ke
  EXPECT_FALSE(lacks_exchange(number(1, 1)));                 // psk_dhe_ke
  EXPECT_FALSE(lacks_exchange(number(0, 1) + number(1, 1)));  // whichever we like
  EXPECT_TRUE(lacks_exchange(""));                            // neither: nothing of ours
  EXPECT_FALSE(parse_hello(record(hello_for("a.example"))).psk_without_key_exchange);
}

TEST(Hello, ItMayComeInPiecesAndInSeveralRecords) {
  const std::string message = hello_for("mail.example.org");
  const std::string octets = record(message.substr(0, 3)) + record(message.substr(3, 60)) + record(message.substr(63));
  for (std::size_t i = 0; i < octets.size(); ++i) {
    EXPECT_EQ(parse_hello(octets.substr(0, i)).state, State::incomplete) << i;
  }
  EXPECT_EQ(parse_hello(octets).server_name, "mail.example.org");
}

TEST(Hello, WhatIsNoHostNameIsNoName) {
  for (const std::string name : {"", "a b", "..\r\n", "m\xc3\xa4il.example"}) {
    EXPECT_EQ(parse_hello(record(hello_for(name))).server_name, "");
  }
  EXPECT_EQ(parse_hello(record(hello_for(std::string("mail.example\0.evil", 18)))).server_name, "");
  EXPECT_EQ(parse_hello(record(hello_for(std::string(300, 'a')))).server_name, "");
}

TEST(Hello, OctetsThatAreNoTlsAreToldAtOnce) {
  EXPECT_EQ(parse_hello("E").state, State::not_tls);
  EXPECT_EQ(parse_hello("\x16\x02").state, State::not_tls);
  EXPECT_EQ(parse_hello("").state, State::incomplete);
  EXPECT_EQ(parse_hello("\x16").state, State::incomplete);
  EXPECT_EQ(parse_hello("\x15\x03\x01").state, State::incomplete);
}

TEST(Hello, WhatIsTooLongIsNotWaitedFor) {
  const std::string huge = number(22, 1) + number(0x0301, 2) + number(16'000, 2) + number(1, 1) + number(60'000, 3);
  EXPECT_EQ(parse_hello(huge).state, State::complete);
}

TEST(Hello, DamagedOnesAreLeftToTheLibrary) {
  const std::string whole = record(hello_for("mail.example.org"));
  for (std::size_t i = 5; i < whole.size(); ++i) {
    for (const char octet : {'\0', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[i] = octet;
      // Whatever it is taken for, no name comes out of it that was not in the octets.
      const Hello hello = parse_hello(damaged);
      EXPECT_NE(damaged.find(hello.server_name), std::string::npos) << i;
    }
  }
}

}  // namespace
}  // namespace ringpost::tls
