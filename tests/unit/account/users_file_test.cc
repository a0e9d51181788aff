#include "account/users_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "account/new_password.h"
#include "account/users_editor.h"
#include "support/temporary_directory.h"

namespace ringpost::account {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

UserEntry whole_entry() {
  UserEntry user;
  user.login = "ann@example.com";
  user.name = "Ann \"The\" \\ \xC3\x89xample";
  user.addresses = {"ann@example.com", "*@example.org", "ann+*@example.com"};
  user.groups = {"sales"};
  const crypto::SealingKey key(std::string(32, 'k'));
  EXPECT_TRUE(set_password(user, "secret", {.reversible = true, .srp = true}, &key).has_value());
  return user;
}

bool same(UserEntry a, UserEntry b) {
  a.line = b.line = 0;
  return print_user(a) == print_user(b) && a.srp == b.srp && a.scram_sha1 == b.scram_sha1;
}

std::vector<std::string> problems_of(std::string_view text) {
  const auto users = parse_users(text, "users.toml");
  return users ? std::vector<std::string>() : users.error();
}

TEST(UsersFile, ReadsWhatItPrints) {
  const UserEntry user = whole_entry();
  const auto read = parse_users(print_user(user), "users.toml");
  ASSERT_TRUE(read.has_value()) << read.error().front();
  ASSERT_EQ(read->size(), 1U);
  EXPECT_TRUE(same(read->front(), user));
  EXPECT_EQ(read->front().line, 1U);
}

TEST(UsersFile, ReportsAllProblemsWithTheirPlaces) {
  const auto problems = problems_of(
      "colour = 1\n"
      "[[user]]\n"
      "login = \"\"\n"
      "hash = \"plain text\"\n"
      "[[user]]\n"
      "logn = \"bob\"\n"
      "enabled = \"yes\"\n"
      "addresses = [\"bob\", 5]\n"
      "scram_sha256 = \"4096\"\n"
      "sealed = \"x\"\n"
      "srp = \"SHA-1$$\"\n");
  EXPECT_EQ(problems.size(), 11U) << testing::PrintToString(problems);
  EXPECT_THAT(problems, testing::Contains(HasSubstr("users.toml:1:1: unknown key colour")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("users.toml:6:1: unknown key logn")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("users.toml:5:1: [[user]] needs a login")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("users.toml:4:8: hash: expected")));
  for (const std::string& problem : problems) EXPECT_THAT(problem, testing::Not(HasSubstr("plain text")));
}

TEST(UsersFile, TheSameLoginTwiceIsAProblemWhateverItsCase) {
  EXPECT_THAT(problems_of("[[user]]\nlogin = \"Ann\"\n[[user]]\nlogin = \"aNN\"\n"),
              ElementsAre(HasSubstr("users.toml:3:1: login aNN is given twice, first in line 1")));
}

TEST(UsersFile, WhatIsNotTomlIsOneProblem) {
  EXPECT_THAT(problems_of("[[user]]\nlogin = \n"), ElementsAre(HasSubstr("users.toml:2:")));
  EXPECT_EQ(problems_of(std::string("\0\xff", 2)).size(), 1U);
  EXPECT_TRUE(problems_of("").empty());
}

TEST(UsersFile, AnAddressIsTheLoginUnlessItSaysOtherwise) {
  const auto users = parse_users(
      "[[user]]\nlogin = \"ann@example.com\"\n[[user]]\nlogin = \"bob\"\n"
      "[[user]]\nlogin = \"eve@example.com\"\naddresses = []\ngroups = [\"sales\"]\n",
      "users.toml");
  ASSERT_TRUE(users.has_value());
  EXPECT_THAT(to_account((*users)[0]).identity.addresses, ElementsAre("ann@example.com"));
  EXPECT_TRUE(to_account((*users)[1]).identity.addresses.empty());
  EXPECT_THAT(to_account((*users)[2]).identity.addresses, ElementsAre("group:sales"));
}

class UsersEditorTest : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string text() const {
    std::ostringstream out;
    out << std::ifstream(path_, std::ios::binary).rdbuf();
    return out.str();
  }
  static UserEntry named(const std::string& login) {
    UserEntry user;
    user.login = login;
    return user;
  }

  const test::TemporaryDirectory directory_;
  const std::string folder_ = directory_.path();
  const std::string path_ = folder_ + "/users.toml";
  const UsersEditor::Owner owner_{::geteuid(), ::getegid()};
};

constexpr const char* three_users =
    "# staff\n\n"
    "[[user]]\nlogin = \"ann\"  # the boss\nname = \"Ann\"\n\n"
    "# bob comes last\n"
    "[[user]]\nlogin = \"bob\"\naddresses = [\n  \"bob@example.com\",\n]\n\n"
    "[[user]]\nlogin = \"eve\"\n# eve leaves soon\n";

TEST_F(UsersEditorTest, ANewFileIsForItsOwnerAlone) {
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value()) << editor.error().reason;
  ASSERT_TRUE(editor->put(named("ann")).has_value());
  ASSERT_TRUE(editor->save(owner_).has_value());
  EXPECT_EQ(text(), "[[user]]\nlogin = \"ann\"\n");
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(UsersEditorTest, ChangesOneTableAndKeepsEverythingElse) {
  write(three_users);
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value()) << editor.error().reason;
  UserEntry bob = *editor->find("BOB");
  bob.enabled = false;
  ASSERT_TRUE(editor->put(bob).has_value());
  ASSERT_TRUE(editor->save(owner_).has_value());
  EXPECT_EQ(text(),
            "# staff\n\n"
            "[[user]]\nlogin = \"ann\"  # the boss\nname = \"Ann\"\n\n"
            "# bob comes last\n"
            "[[user]]\nlogin = \"bob\"\naddresses = [\"bob@example.com\"]\nenabled = false\n\n"
            "[[user]]\nlogin = \"eve\"\n# eve leaves soon\n");
}

TEST_F(UsersEditorTest, RemovesOneTable) {
  write(three_users);
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value());
  ASSERT_TRUE(editor->remove("bob").has_value());
  EXPECT_EQ(editor->remove("bob").error().kind, ErrorKind::not_found);
  EXPECT_EQ(editor->users().size(), 2U);
  ASSERT_TRUE(editor->remove("ann").has_value());
  ASSERT_TRUE(editor->remove("eve").has_value());
  ASSERT_TRUE(editor->save(owner_).has_value());
  EXPECT_EQ(text(), "# staff\n\n# bob comes last\n\n# eve leaves soon\n");
}

TEST_F(UsersEditorTest, KeepsTheModeButNeverForOthers) {
  write(three_users);
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value());
  ASSERT_TRUE(editor->put(named("new")).has_value());
  ASSERT_TRUE(editor->save(owner_).has_value());
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0640));
}

TEST_F(UsersEditorTest, FollowsASymbolicLink) {
  std::filesystem::create_directories(folder_ + "/real");
  std::ofstream(folder_ + "/real/accounts.toml") << three_users;
  std::filesystem::create_symlink(folder_ + "/real/accounts.toml", path_);
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value());
  ASSERT_TRUE(editor->put(named("new")).has_value());
  ASSERT_TRUE(editor->save(owner_).has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_THAT(text(), HasSubstr("\"new\""));
}

TEST_F(UsersEditorTest, LeavesABrokenFileAlone) {
  write("[[user]]\nlogn = \"ann\"\n");
  const auto editor = UsersEditor::open(path_);
  ASSERT_FALSE(editor.has_value());
  EXPECT_THAT(editor.error().reason, HasSubstr("users.toml:2:1: unknown key"));
}

TEST_F(UsersEditorTest, AskesForHandsWhereAccountsAreInline) {
  write("user = [ { login = \"ann\" }, { login = \"bob\" } ]\n");
  auto editor = UsersEditor::open(path_);
  ASSERT_TRUE(editor.has_value());
  EXPECT_EQ(editor->remove("bob").error().kind, ErrorKind::invalid);
  EXPECT_FALSE(editor->put(named("new")).has_value());
}

TEST_F(UsersEditorTest, SavesNothingWhereTheDirectoryIsGone) {
  EXPECT_FALSE(UsersEditor::open(folder_ + "/missing/users.toml").has_value());
}

TEST(SetPassword, RefusesWhatItCannotKeep) {
  UserEntry user;
  user.login = "ann";
  EXPECT_FALSE(set_password(user, "", {}, nullptr).has_value());
  EXPECT_FALSE(set_password(user, "a\nb", {}, nullptr).has_value());
  EXPECT_FALSE(set_password(user, "\xff", {}, nullptr).has_value());
  EXPECT_FALSE(set_password(user, "secret", {.reversible = true}, nullptr).has_value());
  EXPECT_TRUE(user.hash.empty());
}

}  // namespace
}  // namespace ringpost::account
