#include "base/base64.h"

#include <gtest/gtest.h>

namespace ringpost {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [octets, text] : vectors) {
    EXPECT_EQ(base64_encode(octets), text);
    EXPECT_EQ(base64_decode(text), octets);
  }
}

TEST(Base64, EveryOctetSurvives) {
  std::string octets;
  for (int i = 0; i < 256; ++i) octets += static_cast<char>(i);
  EXPECT_EQ(base64_decode(base64_encode(octets)), octets);
  EXPECT_EQ(base64url_decode(base64url_encode(octets)), octets);
}

TEST(Base64, RefusesWhatIsNotStrict) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "=", "Zm9v ", "Zm9v\r\n", "Zm-v", "Zm8=="})
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

TEST(Base64, UrlFormHasNoPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff");
  EXPECT_EQ(base64url_decode("-_8="), std::nullopt);
  EXPECT_EQ(base64url_decode("+/8"), std::nullopt);
}

}  // namespace
}  // namespace ringpost
