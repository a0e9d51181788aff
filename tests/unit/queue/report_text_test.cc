#include "queue/report_text.h"

#include <gtest/gtest.h>

#include <fstream>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::ReportKind;
using queue::ReportText;

const ReportText standard{"standard", "x\n"};

TEST(ReportText, PlaceholdersAreFilledIn) {
  const queue::ReportFacts facts{"mx.example.org", "<a@b>", "ID", "today", "tomorrow", "  <c@d>\r\n"};
  EXPECT_EQ(queue::fill_report_text("At ${hostname}, ${sender}:\n${recipients}\n${postmaster} $5 ${message}", facts),
            "At mx.example.org, <a@b>:\r\n  <c@d>\r\npostmaster@mx.example.org $5 ID\r\n");
}

TEST(ReportText, OwnSubjectIsOptional) {
  auto text = queue::parse_report_text("Subject: Returned\r\n\r\nwords\r\n", standard);
  ASSERT_TRUE(text) << text.error().reason;
  EXPECT_EQ(text->subject, "Returned");
  EXPECT_EQ(text->body, "words\n");
  text = queue::parse_report_text("words", standard);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->subject, "standard");
}

TEST(ReportText, WhatCannotBeSentIsRefusedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {{"a\n${host}\n", "line 2: there is no placeholder ${host"},
                                                       {"${hostname", "line 1: there is no placeholder"},
                                                       {"to ${recipients}", "line 1: ${recipients} stands alone"},
                                                       {"a\n\nb\rc\n", "line 3: a control character"},
                                                       {"Subject: \n\nx\n", "line 1: a subject"},
                                                       {"Subject: a\nx\n", "line 2: an empty line"},
                                                       {"Subject: a\n\n", "there is no text"},
                                                       {"\xff", "not UTF-8"}};
  for (const auto& [octets, why] : cases) {
    const auto text = queue::parse_report_text(octets, standard);
    ASSERT_FALSE(text) << octets;
    EXPECT_TRUE(text.error().reason.starts_with(why)) << text.error().reason;
  }
  EXPECT_FALSE(queue::parse_report_text(std::string(999, 'x'), standard));
}

TEST(ReportText, OurOwnWordsAreGoodTemplates) {
  for (const ReportText& text : queue::ReportTexts().texts) EXPECT_TRUE(queue::parse_report_text(text.body, text));
}

TEST(ReportTexts, WhatTheFolderDoesNotHaveIsBuiltIn) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() + "/delay.txt") << "patience, ${sender}\n";
  auto texts = queue::read_report_texts(folder.path());
  ASSERT_TRUE(texts) << texts.error().reason;
  EXPECT_EQ(texts->of(ReportKind::delay).body, "patience, ${sender}\n");
  EXPECT_EQ(texts->of(ReportKind::failure).body, queue::ReportTexts().of(ReportKind::failure).body);
  std::ofstream(folder.path() + "/success.txt") << "${nothing}\n";
  texts = queue::read_report_texts(folder.path());
  ASSERT_FALSE(texts);
  EXPECT_NE(texts.error().reason.find("success.txt: line 1"), std::string::npos);
  EXPECT_FALSE(queue::read_report_texts(folder.path() + "/nowhere"));
}

}  // namespace
}  // namespace ringpost::test
