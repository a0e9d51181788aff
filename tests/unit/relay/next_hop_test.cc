#include "relay/next_hop.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

using Kind = NextHop::Kind;

TEST(NextHop, ReadsEveryForm) {
  EXPECT_EQ(parse_next_hop("mx").value(), NextHop{});
  EXPECT_EQ(parse_next_hop("smtp://Relay.Example.net").value(), (NextHop{Kind::smtp, "relay.example.net", 25, ""}));
  EXPECT_EQ(parse_next_hop("smtp://192.0.2.1:2525").value(), (NextHop{Kind::smtp, "192.0.2.1", 2525, ""}));
  EXPECT_EQ(parse_next_hop("smtp://[2001:db8::1]:587").value(), (NextHop{Kind::smtp, "2001:db8::1", 587, ""}));
  EXPECT_EQ(parse_next_hop("smtp://[::1]").value(), (NextHop{Kind::smtp, "::1", 25, ""}));
  EXPECT_EQ(parse_next_hop("smtps://relay.example").value(), (NextHop{Kind::smtps, "relay.example", 465, ""}));
  EXPECT_EQ(parse_next_hop("smtps://[::1]:4465").value(), (NextHop{Kind::smtps, "::1", 4465, ""}));
  EXPECT_EQ(parse_next_hop("lmtp://localhost").value(), (NextHop{Kind::lmtp, "localhost", 24, ""}));
  EXPECT_EQ(parse_next_hop("lmtp+unix:/run/dovecot/lmtp").value(),
            (NextHop{Kind::lmtp_unix, "", 0, "/run/dovecot/lmtp"}));
  EXPECT_EQ(parse_next_hop("maildir:/m/{domain}/{local}").value(),
            (NextHop{Kind::maildir, "", 0, "/m/{domain}/{local}"}));
  EXPECT_EQ(parse_next_hop("discard:").value().kind, Kind::discard);
}

TEST(NextHop, TextIsReadBackAsTheSame) {
  for (const char* text : {"mx", "smtp://a.example", "smtps://a.example", "lmtp://[2001:db8::1]:24", "lmtp+unix:/run/l",
                           "maildir:/m/{local}", "discard:"}) {
    const NextHop hop = parse_next_hop(text).value();
    EXPECT_EQ(parse_next_hop(hop.text()).value(), hop) << text;
  }
}

TEST(NextHop, RefusesWhatItCannotMean) {
  for (const char* text : {"",
                           "MX",
                           "mx:",
                           "example.net",
                           "smtp:",
                           "smtp://",
                           "smtp:///x",
                           "smtp://host:",
                           "smtp://host:0",
                           "smtp://host:65536",
                           "smtp://host:25x",
                           "smtp://host:25/",
                           "smtp://host name",
                           "smtp://[::1",
                           "smtp://[::1]25",
                           "smtp://[192.0.2.1]",
                           "smtp://2001:db8::1",
                           "smtp://1.2.3",
                           "smtp://user@host",
                           "smtps://",
                           "lmtp+unix:run/l",
                           "lmtp+unix:/",
                           "maildir:mail/{local}",
                           "maildir:/m/a,b",
                           "maildir:/m/../{local}",
                           "maildir:/m/{user}",
                           "maildir:/m/{local",
                           "maildir:/m/local}",
                           "maildir:/m/\n",
                           "discard",
                           "discard:x",
                           "file:/x"})
    EXPECT_FALSE(parse_next_hop(text).has_value()) << text;
  EXPECT_FALSE(parse_next_hop("lmtp+unix:/" + std::string(107, 'a')).has_value());
  EXPECT_TRUE(parse_next_hop("lmtp+unix:/" + std::string(106, 'a')).has_value());
}

}  // namespace
}  // namespace ringpost::relay
