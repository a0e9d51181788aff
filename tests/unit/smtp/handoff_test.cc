#include "smtp/handoff.h"

#include <gtest/gtest.h>

#include "smtp/command.h"

namespace ringpost::smtp {
namespace {

constexpr const char* id_text = "01JC8M3V6Y2Q0Z5N7R9T1W4XAB";
const std::string needed = std::string("IDENT=") + id_text + " TIME=1764100000123";

Provenance of_a_login() {
  Provenance whole;
  whole.id = *MessageId::parse(id_text);
  whole.received = {1'764'100'000'123};
  whole.origin = {.client_address = "2001:db8::7",
                  .helo = "[192.0.2.1]",
                  .login = "änn+1@example.com =",
                  .protocol = "UTF8SMTPSA",
                  .listener = "submission",
                  .trusted = true};
  whole.delay_told = true;
  whole.priority = -9;
  whole.not_before = {1'764'100'100'000};
  whole.deliver_by = {mail::DeliverBy::Mode::give_back, true, {1'764'200'000'321}};
  return whole;
}

TEST(Handoff, WhatIsSaidIsReadBackTheSame) {
  const Provenance whole = of_a_login();
  const auto command = handoff_command(whole);
  ASSERT_TRUE(command) << command.error().reason;
  const auto parsed = parse_command(*command);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->verb, Verb::xhandoff);
  EXPECT_EQ(*parse_handoff(parsed->argument), whole);
}

TEST(Handoff, WhatIsNotKnownIsLeftOut) {
  Provenance bounce;
  bounce.id = *MessageId::parse(id_text);
  bounce.received = {1'764'100'000'123};
  bounce.origin.listener = "double bounce";
  const auto command = handoff_command(bounce);
  ASSERT_TRUE(command);
  EXPECT_EQ(*command, "XHANDOFF " + needed + " LISTENER=double+20bounce");
  EXPECT_EQ(*parse_handoff(needed + " LISTENER=double+20bounce"), bounce);
}

TEST(Handoff, NamesIgnoreCaseAndOrder) {
  const auto parsed = parse_handoff(std::string("delay=TOLD  time=1764100000123\tIdent=") + id_text);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->delay_told);
  EXPECT_EQ(parsed->id.text(), id_text);
}

TEST(Handoff, ImpossibleAttributesAreRefused) {
  for (const char* const more : {"ADDR=192.0.2",       "ADDR=192.0.2.1+00x", "ADDR=",     "ADDR",
                                 "ADDR=[::1]",         "NAME=a+20b",         "NAME=-",    "PROTO=E+53MTP+0A",
                                 "PROTO=ES/MTP",       "LOGIN=a+0Ab",        "LOGIN=+FF", "LOGIN=a+7Fb",
                                 "LISTENER=MX",        "LISTENER=+20mx",     "TRUST=NO",  "TRUST=yes",
                                 "DELAY=YES",          "COLOR=RED",          "=x",        "=",
                                 "TIME=1764100000123", "LOGIN=a=b",          "LOGIN=+4",  "ADDR=+",
                                 "LOGIN=a LOGIN=a"}) {
    const auto parsed = parse_handoff(needed + " " + more);
    ASSERT_FALSE(parsed) << more;
    EXPECT_EQ(parsed.error().status, (PublicStatus{501, {5, 5, 4}})) << more;
  }
}

TEST(Handoff, IdentAndTimeAreNeededAndMakeSense) {
  EXPECT_FALSE(parse_handoff(""));
  EXPECT_FALSE(parse_handoff(std::string("IDENT=") + id_text));
  EXPECT_FALSE(parse_handoff("TIME=1764100000123"));
  EXPECT_FALSE(parse_handoff("IDENT=01JC8M3V6Y2Q0Z5N7R9T1W4XA TIME=1764100000123"));
  for (const char* const time : {"0", "1577836799999", "253402300800000", "18446744073709551615", "-1", "1e12", ""})
    EXPECT_FALSE(parse_handoff(std::string("IDENT=") + id_text + " TIME=" + time)) << time;
  EXPECT_TRUE(parse_handoff(std::string("IDENT=") + id_text + " TIME=1577836800000"));
}

TEST(Handoff, WhatCannotBeReadBackIsNotSaid) {
  Provenance odd = of_a_login();
  odd.origin.login = std::string(513, 'x');
  EXPECT_FALSE(handoff_command(odd));
  odd = of_a_login();
  odd.origin.helo = "two words";
  EXPECT_FALSE(handoff_command(odd));
  odd = of_a_login();
  odd.received = {0};
  EXPECT_FALSE(handoff_command(odd));
}

TEST(Handoff, TheLongestValuesFitACommandLine) {
  Provenance longest = of_a_login();
  longest.origin.login.clear();
  for (int i = 0; i < 256; ++i) longest.origin.login += "ä";
  longest.origin.helo = std::string(63, 'h');
  for (int i = 0; i < 3; ++i) longest.origin.helo += "." + std::string(60, 'h');
  const auto command = handoff_command(longest);
  ASSERT_TRUE(command) << command.error().reason;
  EXPECT_TRUE(parse_command(*command));
}

}  // namespace
}  // namespace ringpost::smtp
