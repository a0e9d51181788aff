#include "relay/maildir_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

namespace ringpost::relay {
namespace {

TEST(MaildirPath, FillsInDomainAndLocalPart) {
  EXPECT_EQ(maildir_path("/m/{domain}/{local}", {"Joe.Doe+tag", "example.org"}), "/m/example.org/joe.doe+tag");
  EXPECT_EQ(maildir_path("/m/{local}.at.{domain}/Maildir", {"a", "b.c"}), "/m/a.at.b.c/Maildir");
}

TEST(MaildirPath, NoLocalPartLeavesItsDirectory) {
  using std::string_literals::operator""s;
  for (const std::string& local :
       {"../../etc/passwd"s, ".."s, "."s, "/etc"s, "a/../../b"s, "..%2f"s, "\0x"s, "a\nb"s, ""s, ".hidden"s}) {
    const std::string path = maildir_path("/m/{domain}/{local}", {local, "example.org"});
    const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
    EXPECT_EQ(normal.string(), path) << local;
    EXPECT_EQ(normal.parent_path(), "/m/example.org") << local;
    EXPECT_FALSE(normal.filename().string().starts_with('.')) << local;
  }
}

TEST(MaildirPath, ALocalPartThatLooksLikeAPlaceholderIsText) {
  EXPECT_EQ(maildir_path("/m/{local}/{domain}", {"{domain}", "example.org"}), "/m/{domain}/example.org");
}

TEST(MaildirPath, DifferentMailboxesNeverShareAPlace) {
  const std::string a200(200, 'a');
  std::set<std::string> places;
  const std::string locals[] = {"a/b",       "a%2fb",      "a%252fb", a200,  a200 + "a", a200 + "%",
                                a200 + "/a", a200 + "%2f", ".",       "%2e", "",         "%"};
  for (const std::string& local : locals) places.insert(maildir_path("/m/{local}", {local, "x"}));
  EXPECT_EQ(places.size(), std::size(locals));
}

TEST(MaildirPath, NoPartIsLongerThanAFileSystemTakes) {
  for (const char c : {'a', '/', '.'}) {
    const std::filesystem::path path = maildir_path("/m/{local}", {std::string(254, c), "x"});
    for (const auto& part : path) {
      EXPECT_LE(part.string().size(), path_component_octets_max + 1);
      EXPECT_NE(part, "..");
      EXPECT_NE(part, ".");
    }
  }
}

}  // namespace
}  // namespace ringpost::relay
