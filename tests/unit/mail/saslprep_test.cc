#include "mail/saslprep.h"

#include <gtest/gtest.h>

namespace ringpost::mail {
namespace {

TEST(Saslprep, GivesTheExamplesOfRfc4013) {
  EXPECT_EQ(saslprep("I\xC2\xADX").value_or("?"), "IX");
  EXPECT_EQ(saslprep("user").value_or("?"), "user");
  EXPECT_EQ(saslprep("USER").value_or("?"), "USER");
  EXPECT_EQ(saslprep("\xC2\xAA").value_or("?"), "a");
  EXPECT_EQ(saslprep("\xE2\x85\xA8").value_or("?"), "IX");
  EXPECT_FALSE(saslprep("\x07").has_value());
  EXPECT_FALSE(saslprep("\xD8\xA7\x31").has_value());
}

TEST(Saslprep, MakesOneOfComposedAndDecomposed) {
  EXPECT_EQ(saslprep("u\xCC\x88").value_or("?"), "\xC3\xBC");
  EXPECT_EQ(saslprep("a\xC2\xA0"
                     "b")
                .value_or("?"),
            "a b");
  EXPECT_FALSE(saslprep("").has_value());
  EXPECT_FALSE(saslprep("\xC2\xAD").has_value());  // a soft hyphen, which is mapped to nothing
}

TEST(Saslprep, RefusesWhatIsNotText) {
  for (const std::string_view text :
       {std::string_view("\xff\xfe"), std::string_view("a\0b", 3), std::string_view("\xC3"), std::string_view("a\nb"),
        std::string_view("\xED\xA0\x80"), std::string_view("\xEF\xBF\xBD")})
    EXPECT_FALSE(saslprep(text).has_value());
  EXPECT_FALSE(saslprep(std::string(1025, 'a')).has_value());
  EXPECT_TRUE(saslprep(std::string(1024, 'a')).has_value());
}

TEST(Saslprep, GrowsWithinItsBounds) {
  std::string text;  // U+FDFA becomes 18 characters
  for (int i = 0; i < 341; ++i) text += "\xEF\xB7\xBA";
  const auto prepared = saslprep(text);
  ASSERT_TRUE(prepared.has_value());
  EXPECT_GT(prepared->size(), 341U * 18);
}

TEST(Saslprep, UnassignedCharactersMayBeAskedForButNotKept) {
  const std::string_view emoji = "\xF0\x9F\x98\x80";
  EXPECT_TRUE(saslprep(emoji, Prepared::to_ask).has_value());
  EXPECT_FALSE(saslprep(emoji, Prepared::to_keep).has_value());
}

TEST(LoginKey, ComparesWithoutCaseOfAsciiLetters) {
  EXPECT_EQ(login_key("Ann@Example.COM").value_or("?"), "ann@example.com");
  EXPECT_EQ(login_key("\xC3\x84nn").value_or("?"), "\xC3\x84nn");
  EXPECT_FALSE(login_key("").has_value());
  EXPECT_FALSE(login_key("\xC2\xAD").has_value());  // nothing is left of a soft hyphen
}

}  // namespace
}  // namespace ringpost::mail
