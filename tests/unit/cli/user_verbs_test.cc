#include "cli/user_verbs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/temporary_directory.h"

namespace ringpost::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class UserVerbs : public testing::Test {
 protected:
  static std::string content(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }

  // Runs a verb with `input` as standard input; what it printed is in output_ and errors_.
  int run(const std::string& verb, UserArguments arguments, const std::string& input = "") {
    std::ofstream(folder_ + "/input", std::ios::binary) << input;
    const int before = ::dup(STDIN_FILENO);
    const int fd = ::open((folder_ + "/input").c_str(), O_RDONLY | O_CLOEXEC);
    ::dup2(fd, STDIN_FILENO);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    arguments.file = path_;
    const int status = user_verb(chosen_store({}, arguments), "", verb, arguments);
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(fd);
    return status;
  }
  static UserArguments ann() {
    UserArguments arguments;
    arguments.login = "ann@example.com";
    arguments.name = "Ann Example";
    arguments.password_stdin = true;
    return arguments;
  }

  const test::TemporaryDirectory directory_;
  const std::string folder_ = directory_.path();
  const std::string path_ = folder_ + "/users.toml";
  std::string output_, errors_;
};

TEST_F(UserVerbs, AnAccountIsAddedVerifiedChangedAndRemoved) {
  EXPECT_EQ(run("add", ann(), "secret\n"), 0) << errors_;
  EXPECT_EQ(run("verify", ann(), "secret\n"), 0) << errors_;
  EXPECT_EQ(output_, "ok: ann@example.com, may send as ann@example.com\n");
  EXPECT_EQ(run("verify", ann(), "wrong\n"), 1);
  EXPECT_THAT(errors_, HasSubstr("failed: wrong password"));
  EXPECT_EQ(run("passwd", ann(), "another"), 0) << errors_;
  EXPECT_EQ(run("verify", ann(), "secret\n"), 1);
  EXPECT_EQ(run("verify", ann(), "another\n"), 0);
  EXPECT_EQ(run("remove", ann()), 0) << errors_;
  EXPECT_EQ(run("verify", ann(), "another\n"), 1);
}

TEST_F(UserVerbs, ThePasswordStandsNowhere) {
  EXPECT_EQ(run("add", ann(), "secret\n"), 0);
  EXPECT_THAT(content(path_), Not(HasSubstr("secret")));
  EXPECT_THAT(output_ + errors_, Not(HasSubstr("secret")));
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(UserVerbs, AnAccountIsNotAddedTwice) {
  EXPECT_EQ(run("add", ann(), "secret\n"), 0);
  const std::string before = content(path_);
  UserArguments again = ann();
  again.login = "ANN@example.com";
  EXPECT_EQ(run("add", again, "other\n"), 1);
  EXPECT_THAT(errors_, HasSubstr("has an account already"));
  EXPECT_EQ(content(path_), before);
}

TEST_F(UserVerbs, BadArgumentsChangeNothing) {
  UserArguments arguments = ann();
  arguments.addresses = {"no address"};
  EXPECT_EQ(run("add", arguments, "secret\n"), 1);
  arguments = ann();
  arguments.login = "a\nb";
  EXPECT_EQ(run("add", arguments, "secret\n"), 1);
  EXPECT_EQ(run("add", ann(), "\n"), 1);
  EXPECT_EQ(run("add", ann(), std::string(600, 'x')), 1);
  EXPECT_EQ(run("passwd", ann(), "secret\n"), 1);
  EXPECT_EQ(run("remove", ann()), 1);
  arguments = ann();
  arguments.password_stdin = false;  // and standard input is no terminal
  EXPECT_EQ(run("add", arguments, "secret\n"), 1);
  EXPECT_THAT(errors_, HasSubstr("--password-stdin"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UserVerbs, TheListShowsNoSecrets) {
  UserArguments arguments = ann();
  arguments.addresses = {"ann@example.com", "*@example.org"};
  arguments.groups = {"sales"};
  arguments.srp = true;
  EXPECT_EQ(run("add", arguments, "secret\n"), 0) << errors_;
  arguments = {};
  EXPECT_EQ(run("list", arguments), 0);
  EXPECT_THAT(output_, HasSubstr("ann@example.com *@example.org group:sales"));
  EXPECT_THAT(output_, Not(HasSubstr("$")));
  arguments.json = true;
  EXPECT_EQ(run("list", arguments), 0);
  const json rows = json::parse(output_);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["kinds"], (json{"hash", "scram-sha-256", "scram-sha-1", "srp"}));
  EXPECT_THAT(output_, Not(HasSubstr("$")));
}

TEST_F(UserVerbs, AReversiblePasswordNeedsTheKeyAndStaysReversible) {
  UserArguments arguments = ann();
  arguments.reversible = true;
  EXPECT_EQ(run("add", arguments, "secret\n"), 1);
  EXPECT_THAT(errors_, HasSubstr("key_file"));
  arguments.key_file = folder_ + "/key";
  std::ofstream(arguments.key_file) << std::string(64, 'a') << "\n";
  EXPECT_EQ(run("add", arguments, "secret\n"), 0) << errors_;
  arguments.reversible = false;
  EXPECT_EQ(run("passwd", arguments, "another\n"), 0) << errors_;
  EXPECT_THAT(content(path_), HasSubstr("sealed = \"v1:"));
  EXPECT_EQ(run("verify", arguments, "another\n"), 0) << errors_;
}

TEST_F(UserVerbs, OtherStoresAreNotEditedHere) {
  account::Options store;
  store.users = "ldap:staff";
  testing::internal::CaptureStderr();
  EXPECT_EQ(user_verb(store, "", "list", {}), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("accounts are in ldap:staff"));
}

}  // namespace
}  // namespace ringpost::cli
