#include "mail/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::mail {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const MessageId id = MessageId::parse("01JDDW0000000000000000000A").value();

Envelope an_envelope() {
  Envelope envelope;
  envelope.reverse_path = {"sender", "example.net"};
  envelope.recipients.push_back({{"someone", "example.com"}, {}, {}});
  envelope.origin = {"192.0.2.1", "client.example.net", "user", "ESMTP", "mx"};
  envelope.received = {1'795'471'260'000};
  return envelope;
}

std::vector<std::string_view> lines_of(std::string_view field) {
  std::vector<std::string_view> lines;
  while (!field.empty()) {
    const std::size_t end = field.find("\r\n");
    EXPECT_NE(end, std::string_view::npos) << "ends with CRLF";
    if (end == std::string_view::npos) break;
    lines.push_back(field.substr(0, end));
    field.remove_prefix(end + 2);
  }
  return lines;
}

/// One field: the first line begins it, every other is folded white space, no control octet but the CRLFs between.
void expect_one_field(std::string_view field, std::string_view name) {
  const auto lines = lines_of(field);
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines.front().starts_with(std::string(name) + ": ")) << field;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(std::ranges::count_if(lines[i], [](char c) { return c >= 0 && c < 32; }), 0) << field;
    EXPECT_NE(lines[i].find_first_not_of(' '), std::string_view::npos) << "a blank line: " << field;
    EXPECT_TRUE(i == 0 || lines[i].starts_with(' ')) << field;
  }
}

TEST(ReceivedField, SaysFromByWithIdForAndDate) {
  EXPECT_EQ(received_field(an_envelope(), "mx1.example.com", id),
            "Received: from client.example.net ([192.0.2.1])\r\n"
            " by mx1.example.com with ESMTP id 01JDDW0000000000000000000A for\r\n"
            " <someone@example.com>; " +
                rfc5322_date(an_envelope().received) + "\r\n");
}

TEST(ReceivedField, SecondRecipientHidesBoth) {
  Envelope envelope = an_envelope();
  envelope.recipients.push_back({{"other", "example.com"}, {}, {}});
  const std::string field = received_field(envelope, "mx1.example.com", id);
  EXPECT_THAT(field, Not(HasSubstr("for")));
  EXPECT_THAT(field, Not(HasSubstr("someone")));
  EXPECT_THAT(field, HasSubstr("id 01JDDW0000000000000000000A;\r\n "));
}

TEST(ReceivedField, Ipv6AddressCarriesItsTag) {
  Envelope envelope = an_envelope();
  envelope.origin.client_address = "2001:db8::1";
  EXPECT_THAT(received_field(envelope, "mx1", id), HasSubstr("([IPv6:2001:db8::1])"));
}

TEST(ReceivedField, HeloCannotForgeAnotherFieldOrCloseTheComment) {
  Envelope envelope = an_envelope();
  for (const char* const helo : {"x\r\nBcc: victim@example.org", "x)\n (y", "x\"y", "x;y", "\x01\x7f\xff", "a b"}) {
    envelope.origin.helo = helo;
    const std::string field = received_field(envelope, "mx1", id);
    expect_one_field(field, "Received");
    EXPECT_EQ(std::ranges::count(field, '('), 1);
    EXPECT_EQ(std::ranges::count(field, ';'), 1);
    EXPECT_THAT(field, Not(HasSubstr("Bcc: ")));
  }
}

TEST(ReceivedField, EmptyHeloIsUnknown) {
  Envelope envelope = an_envelope();
  envelope.origin.helo.clear();
  EXPECT_THAT(received_field(envelope, "mx1", id), StartsWith("Received: from unknown ([192.0.2.1])\r\n by mx1"));
}

TEST(ReceivedField, WhatWeMadeOurselvesHasNoFrom) {
  Envelope envelope = an_envelope();
  envelope.origin = {};
  EXPECT_THAT(received_field(envelope, "mx1", id), StartsWith("Received: by mx1 id "));
}

TEST(ReceivedField, TlsIsAClauseAndItsVersionAComment) {
  const std::string field = received_field(an_envelope(), "mx1", id, {"TLSv1.3", "TLS_AES_128_GCM_SHA256", {}});
  EXPECT_THAT(field, HasSubstr("(TLSv1.3)"));
  EXPECT_THAT(field, AllOf(HasSubstr(" tls"), HasSubstr(" TLS_AES_128_GCM_SHA256;")));
}

TEST(ReceivedField, TheLoginIsAHarmlessComment) {
  EXPECT_THAT(received_field(an_envelope(), "mx1", id, {{}, {}, "ann@example.com"}),
              HasSubstr("by mx1 (authenticated as ann@example.com)"));
  EXPECT_THAT(received_field(an_envelope(), "mx1", id, {{}, {}, "a)\r\nX: y"}),
              HasSubstr("(authenticated as a???X: y)"));
}

TEST(ReceivedField, LinesPassColumn78OnlyWhereAWordDoes) {
  Envelope envelope = an_envelope();
  for (std::size_t helo = 1; helo < 300; ++helo) {
    envelope.origin.helo.assign(helo, 'h');
    for (const std::size_t local : {1u, 30u, 60u, 200u}) {
      envelope.recipients[0].address.local.assign(local, 'l');
      const std::string field = received_field(envelope, "mx1.example.com", id, {"TLSv1.3", {}, {}});
      expect_one_field(field, "Received");
      for (std::string_view line : lines_of(field)) {
        EXPECT_TRUE(line.size() <= 78 || line.find(' ', 1) == std::string_view::npos ||
                    line.substr(1).find("hhhhh") != std::string_view::npos ||
                    line.find("lllll") != std::string_view::npos)
            << line;
        EXPECT_LE(line.size(), 998u);
      }
    }
  }
}

TEST(ReceivedField, Utf8RecipientIsNamedOnlyInAUtf8Message) {
  Envelope envelope = an_envelope();
  envelope.recipients[0].address.local = "j\u00fcrgen";
  EXPECT_THAT(received_field(envelope, "mx1", id), Not(HasSubstr("for <")));
  envelope.smtputf8 = true;
  EXPECT_THAT(received_field(envelope, "mx1", id), HasSubstr("<j\u00fcrgen@example.com>"));
}

TEST(SubmissionFields, AreWholeLines) {
  EXPECT_EQ(date_field({0}), "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n");
  EXPECT_EQ(message_id_field(id, "mx1.example.com"), "Message-ID: <01JDDW0000000000000000000A@mx1.example.com>\r\n");
  EXPECT_EQ(return_path_field({"a b", "example.net"}), "Return-Path: <\"a b\"@example.net>\r\n");
  EXPECT_EQ(return_path_field({}), "Return-Path: <>\r\n");
}

}  // namespace
}  // namespace ringpost::mail
