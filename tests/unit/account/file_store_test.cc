#include "account/file_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "account/new_password.h"
#include "account/open_store.h"
#include "account/scram_keys.h"
#include "account/users_file.h"
#include "support/temporary_directory.h"

namespace ringpost::account {
namespace {

using testing::HasSubstr;

FileOptions options_of(const std::string& path) {
  FileOptions options;
  options.path = path;
  return options;
}

Options store_of(const std::string& users) {
  Options options;
  options.users = users;
  return options;
}

class FileStoreTest : public testing::Test {
 protected:
  FileStoreTest() { write(ann()); }

  // By rename, so that every change is another inode.
  void write(const std::string& text) const {
    std::ofstream(path_ + ".new", std::ios::binary) << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::unique_ptr<Store> open(Duration look_again = Duration::zero(), const std::string& key_file = "") const {
    auto store = FileStore::create({.path = path_, .key_file = key_file, .look_again = look_again});
    EXPECT_TRUE(store.has_value()) << store.error().reason;
    return store ? std::move(*store) : nullptr;
  }
  // Cheap to verify: SCRAM keys of few iterations.
  static std::string user(const std::string& login, const std::string& password, const std::string& more = "") {
    return "[[user]]\nlogin = \"" + login + "\"\nname = \"Name of " + login + "\"\nscram_sha256 = \"" +
           print_scram_keys(make_scram_keys(password, true, 10), true) + "\"\n" + more;
  }
  static std::string ann() { return user("ann@example.com", "secret"); }

  const test::TemporaryDirectory directory_;
  const std::string folder_ = directory_.path();
  const std::string path_ = folder_ + "/users.toml";
};

TEST_F(FileStoreTest, VerifiesTheRightPasswordOnly) {
  const auto store = open();
  const auto account = store->verify("ann@example.com", "secret");
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->identity.login, "ann@example.com");
  EXPECT_EQ(account->identity.display_name, "Name of ann@example.com");
  EXPECT_TRUE(store->verify("ANN@Example.com", "secret").has_value());
  for (const char* password : {"", "Secret", "secret ", "secre"}) {
    const auto refused = store->verify("ann@example.com", password);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_EQ(refused.error().status, store->verify("nobody", password).error().status);
  }
}

TEST_F(FileStoreTest, VerifiesByHashKeysOrSealedPassword) {
  std::ofstream(folder_ + "/key") << crypto::SealingKey::generate();
  const auto key = crypto::SealingKey::read(folder_ + "/key");
  ASSERT_TRUE(key.has_value());
  UserEntry whole;
  whole.login = "Whole";
  ASSERT_TRUE(set_password(whole, "secret", {.reversible = true, .srp = true}, &*key).has_value());
  UserEntry hash_only = whole, sha1_only = whole, sealed_only = whole, nothing = whole;
  hash_only.login = "hash";
  hash_only.scram_sha256.reset(), hash_only.scram_sha1.reset(), hash_only.sealed.clear();
  sha1_only.login = "sha1";
  sha1_only.scram_sha256.reset(), sha1_only.hash.clear(), sha1_only.sealed.clear();
  sealed_only.login = "sealed";
  sealed_only.scram_sha256.reset(), sealed_only.scram_sha1.reset(), sealed_only.hash.clear();
  sealed_only.sealed = key->seal("secret", "sealed");
  nothing = UserEntry{};
  nothing.login = "nothing";
  std::string text;
  for (const UserEntry& entry : {whole, hash_only, sha1_only, sealed_only, nothing}) text += print_user(entry);
  write(text);
  const auto store = open(Duration::zero(), folder_ + "/key");
  ASSERT_NE(store, nullptr);
  for (const char* login : {"whole", "hash", "sha1", "sealed"}) {
    EXPECT_TRUE(store->verify(login, "secret").has_value()) << login;
    EXPECT_FALSE(store->verify(login, "secrets").has_value()) << login;
  }
  EXPECT_FALSE(store->verify("nothing", "secret").has_value());
  EXPECT_EQ(store->find("WHOLE")->password.value_or(""), "secret");
  EXPECT_FALSE(store->find("hash")->password.has_value());
  EXPECT_TRUE(store->find("whole")->srp.has_value());
  const Abilities abilities = store->abilities();
  EXPECT_TRUE(abilities.plain && abilities.scram_sha256 && abilities.scram_sha1 && abilities.password &&
              abilities.srp && abilities.names);
}

TEST_F(FileStoreTest, SealedWithoutItsKeyIsAProblem) {
  const crypto::SealingKey key(std::string(32, 'k'));
  write(ann() + "sealed = \"" + key.seal("secret", "ann@example.com") + "\"\n");
  const auto store = FileStore::create(options_of(path_));
  ASSERT_FALSE(store.has_value());
  EXPECT_THAT(store.error().reason, HasSubstr("users.toml:1:1: sealed password of ann@example.com"));
}

TEST_F(FileStoreTest, ADisabledAccountIsRefusedWithTheRightPassword) {
  write(user("ann", "secret", "enabled = false\n"));
  const auto store = open();
  EXPECT_EQ(store->verify("ann", "secret").error().kind, ErrorKind::refused);
  EXPECT_FALSE(store->find("ann")->enabled);
}

TEST_F(FileStoreTest, FindsNobodyByStrangeNames) {
  const auto store = open();
  for (const std::string_view login :
       {std::string_view(""), std::string_view("ann"), std::string_view("ann@example.com\0", 16),
        std::string_view("\xff\xfe"), std::string_view("ann@example.com ")}) {
    EXPECT_EQ(store->find(login).error().kind, ErrorKind::not_found);
    EXPECT_EQ(store->verify(login, "secret").error().kind, ErrorKind::refused);
  }
  EXPECT_FALSE(store->find(std::string(1 << 20, 'a')).has_value());
  EXPECT_FALSE(store->verify("ann@example.com", std::string(1 << 20, 'a')).has_value());
}

TEST_F(FileStoreTest, SeesAChangedFile) {
  const auto store = open();
  write(ann() + user("bob", "builder"));
  EXPECT_TRUE(store->verify("bob", "builder").has_value());
  EXPECT_EQ(store->display_names().size(), 2U);
  write(user("bob", "other"));
  EXPECT_FALSE(store->verify("bob", "builder").has_value());
  EXPECT_FALSE(store->verify("ann@example.com", "secret").has_value());
}

TEST_F(FileStoreTest, LooksAgainNoMoreOftenThanItIsTold) {
  const auto store = open(std::chrono::hours(1));
  write(user("bob", "builder"));
  EXPECT_FALSE(store->find("bob").has_value());
  EXPECT_TRUE(store->find("ann@example.com").has_value());
}

TEST_F(FileStoreTest, ABrokenOrMissingFileKeepsTheAccountsThatWere) {
  const auto store = open();
  write(user("bob", "builder") + "no toml");
  EXPECT_TRUE(store->verify("ann@example.com", "secret").has_value());
  std::filesystem::remove(path_);
  EXPECT_TRUE(store->verify("ann@example.com", "secret").has_value());
  write(user("bob", "builder"));
  EXPECT_TRUE(store->verify("bob", "builder").has_value());
  EXPECT_FALSE(store->verify("ann@example.com", "secret").has_value());
}

TEST_F(FileStoreTest, DecoysLookLikeTheAccountsThereAre) {
  const auto store = open();
  const auto decoy = store->decoy("nobody", true);
  EXPECT_EQ(decoy.iterations, 10U);
  EXPECT_EQ(decoy.salt.size(), 16U);
  EXPECT_EQ(decoy, store->decoy("Nobody", true));
  EXPECT_NE(decoy.salt, store->decoy("somebody", true).salt);
  EXPECT_NE(decoy.salt, store->decoy("nobody", false).salt.substr(0, 16));
  EXPECT_NE(decoy.salt, open()->decoy("nobody", true).salt);  // another process, without a key
}

TEST_F(FileStoreTest, DecoysOfAKeyFileSurviveARestart) {
  std::ofstream(folder_ + "/key") << crypto::SealingKey::generate();
  EXPECT_EQ(open(Duration::zero(), folder_ + "/key")->decoy("nobody", true),
            open(Duration::zero(), folder_ + "/key")->decoy("nobody", true));
}

TEST_F(FileStoreTest, AnEmptyFileKnowsNobody) {
  write("");
  const auto store = open();
  EXPECT_EQ(store->verify("ann", "secret").error().kind, ErrorKind::refused);
  EXPECT_EQ(store->decoy("ann", true).iterations, scram_iterations);
}

TEST_F(FileStoreTest, CannotStartWithABrokenOrMissingFile) {
  write("x = 1\ny = 2\n");
  const auto broken = FileStore::create(options_of(path_));
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().reason, HasSubstr("users.toml:2:1"));
  EXPECT_EQ(FileStore::create(options_of(path_ + ".missing")).error().kind, ErrorKind::not_found);
  EXPECT_FALSE(FileStore::create(options_of(folder_)).has_value());
}

TEST_F(FileStoreTest, ManyThreadsAskWhileTheFileChanges) {
  const auto store = open();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        if (!store->verify("ann@example.com", "secret")) ++wrong;
        if (store->find("nobody")) ++wrong;
        static_cast<void>(store->decoy("nobody", true));
        static_cast<void>(store->abilities());
        if (store->display_names().empty()) ++wrong;
      }
    });
  for (int i = 0; i < 100; ++i) {
    write(ann() + (i % 2 == 0 ? user("bob", "builder") : i % 3 == 0 ? "broken" : ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(FileStoreTest, IsOpenedByItsName) {
  EXPECT_TRUE(open_store(store_of("file:" + path_)).has_value());
  for (const char* users : {"", "file:", "users.toml", "redis:x", "ldap:", "ldap:missing", "postgres:missing"})
    EXPECT_EQ(open_store(store_of(users)).error().kind, ErrorKind::invalid) << users;
}

}  // namespace
}  // namespace ringpost::account
