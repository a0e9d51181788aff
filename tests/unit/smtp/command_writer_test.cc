#include "smtp/command_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::smtp {
namespace {

Extensions everything() {
  Extensions all;
  for (const char* line : {"SIZE 1000000", "8BITMIME", "CHUNKING", "BINARYMIME", "SMTPUTF8", "DSN", "REQUIRETLS",
                           "MT-PRIORITY", "DELIVERBY"})
    all.add_keyword_line(line);
  all.binary_mime = true;
  return all;
}

TEST(CommandWriter, AMailCommandReadsBackAsItWas) {
  MailCommand mail;
  mail.reverse_path = {"odd local", "example.org"};
  mail.size = 4711;
  mail.body = mail::BodyType::eight_bit;
  mail.smtputf8 = true;
  mail.ret = mail::DsnReturn::headers;
  mail.envelope_id = "QQ+2B1";
  mail.requiretls = true;
  mail.priority = -4;
  mail.by = {90, mail::DeliverBy::Mode::give_back, true};
  std::string line;
  ASSERT_TRUE(append_mail(line, mail, everything()).has_value());
  ASSERT_TRUE(line.starts_with("MAIL ") && line.ends_with("\r\n")) << line;
  const auto read = parse_mail(std::string_view(line).substr(5, line.size() - 7), everything());
  ASSERT_TRUE(read.has_value()) << line;
  EXPECT_EQ(*read, mail);
}

TEST(CommandWriter, ARecipientReadsBackAsItWas) {
  const mail::Recipient recipient{.address = {"joe", "example.org"},
                                  .notify = {mail::Notify::success | mail::Notify::delay},
                                  .original_recipient = "rfc822;joe+40example.org"};
  std::string line;
  ASSERT_TRUE(append_rcpt(line, recipient, everything()).has_value());
  const auto read = parse_rcpt(std::string_view(line).substr(5, line.size() - 7), everything(), false);
  ASSERT_TRUE(read.has_value()) << line;
  EXPECT_EQ(*read, recipient);
}

TEST(CommandWriter, WhatIsNotOfferedIsNotSaid) {
  MailCommand mail;
  mail.size = 1;
  mail.body = mail::BodyType::binary;
  mail.smtputf8 = true;
  mail.ret = mail::DsnReturn::full;
  mail.envelope_id = "x";
  mail.requiretls = true;
  mail.priority = 9;
  mail.by = {90, mail::DeliverBy::Mode::notify, false};
  std::string line;
  ASSERT_TRUE(append_mail(line, mail, Extensions{}).has_value());
  EXPECT_EQ(line, "MAIL FROM:<>\r\n");
  line.clear();
  ASSERT_TRUE(append_rcpt(line, {{"a", "b"}, {mail::Notify::never}, "rfc822;a"}, Extensions{}).has_value());
  EXPECT_EQ(line, "RCPT TO:<a@b>\r\n");
}

TEST(CommandWriter, ALineEndInAValueIsRefusedAndLeavesNothingBehind) {
  MailCommand mail;
  mail.envelope_id = "x\r\nRCPT TO:<evil@example.org>";
  std::string line = "before";
  EXPECT_FALSE(append_mail(line, mail, everything()).has_value());
  EXPECT_EQ(line, "before");
}

TEST(CommandWriter, StuffingDoesNotDependOnWhereThePiecesAreCut) {
  const std::string text = ".a\r\n..\r\n\r\n.\r\nb.c\r\n.";
  const std::string expected = "..a\r\n...\r\n\r\n..\r\nb.c\r\n..";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string out;
    bool at_line_start = true;
    append_stuffed(out, std::string_view(text).substr(0, cut), at_line_start);
    append_stuffed(out, std::string_view(text).substr(cut), at_line_start);
    EXPECT_EQ(out, expected) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace ringpost::smtp
