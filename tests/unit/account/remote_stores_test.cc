#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "account/cached_store.h"
#include "account/directory_password.h"
#include "account/ldap_store.h"
#include "account/postgres_store.h"
#include "account/scram_keys.h"
#include "base/base64.h"
#include "crypto/digest.h"

namespace ringpost::account {
namespace {

using testing::ElementsAre;

// A directory with one entry, which notes what it was asked.
struct FakeLdap : lookup::Ldap {
  Result<std::vector<lookup::LdapEntry>> search(const std::string&, const std::string& filter,
                                                const std::vector<std::string>&) override {
    asked.push_back(filter);
    if (down) return fail(ErrorKind::unavailable, "down");
    if (!filter.contains("ann")) return std::vector<lookup::LdapEntry>();
    return std::vector<lookup::LdapEntry>(copies, entry);
  }
  Result<bool> bind(const std::string& dn, const std::string& password) override {
    ++binds;
    if (down) return fail(ErrorKind::unavailable, "down");
    return dn == entry.dn && password == "secret";
  }
  Result<bool> compare(const std::string&, const std::string&, const std::string& value) override {
    return value == "secret";
  }
  lookup::LdapEntry entry{"uid=ann,dc=example",
                          {{"mail", {"ann@example.com", "a@example.com"}}, {"displayname", {"Ann"}}}};
  std::vector<std::string> asked;
  std::size_t copies = 1;
  int binds = 0;
  bool down = false;
};

struct LdapFixture {
  explicit LdapFixture(LdapOptions options = {}) {
    auto owned = std::make_unique<FakeLdap>();
    directory = owned.get();
    store = make_ldap_store(options, std::move(owned));
  }
  FakeLdap* directory;
  std::unique_ptr<Store> store;
};

TEST(LdapStore, FindsAndVerifiesByBind) {
  LdapFixture f;
  const auto account = f.store->verify("Ann@example.com", "secret");
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->identity.login, "ann@example.com");
  EXPECT_EQ(account->identity.display_name, "Ann");
  EXPECT_THAT(account->identity.addresses, ElementsAre("ann@example.com", "a@example.com"));
  EXPECT_EQ(f.directory->asked.front(), "(&(objectClass=inetOrgPerson)(mail=ann@example.com))");
  EXPECT_EQ(f.store->verify("ann@example.com", "wrong").error().kind, ErrorKind::refused);
  EXPECT_EQ(f.store->verify("nobody", "secret").error().kind, ErrorKind::refused);
  EXPECT_EQ(f.store->find("nobody").error().kind, ErrorKind::not_found);
}

TEST(LdapStore, NeverTriesAnEmptyPassword) {
  LdapFixture f;
  EXPECT_EQ(f.store->verify("ann@example.com", "").error().kind, ErrorKind::refused);
  EXPECT_EQ(f.directory->binds, 0);
}

TEST(LdapStore, ALoginCannotChangeTheFilter) {
  LdapFixture f;
  EXPECT_FALSE(f.store->verify("*)(uid=ann", "secret\\").has_value());
  EXPECT_EQ(f.directory->asked.front(), "(&(objectClass=inetOrgPerson)(mail=\\2a\\29\\28uid\\3dann))");
  EXPECT_FALSE(f.store->find("{login}").has_value());
  EXPECT_EQ(f.directory->asked.back(), "(&(objectClass=inetOrgPerson)(mail=\\7blogin\\7d))");
}

TEST(LdapStore, DownIsUnavailableAndTwoEntriesAreNobody) {
  LdapFixture f;
  f.directory->copies = 2;
  EXPECT_EQ(f.store->verify("ann@example.com", "secret").error().kind, ErrorKind::refused);
  f.directory->down = true;
  EXPECT_EQ(f.store->verify("ann@example.com", "secret").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(f.store->verify("nobody", "secret").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(f.store->find("ann@example.com").error().kind, ErrorKind::unavailable);
}

TEST(LdapStore, ComparesWhereItIsToldTo) {
  LdapOptions options;
  options.password = LdapPassword::compare;
  options.scram_attribute = "authPassword";
  LdapFixture f(options);
  EXPECT_TRUE(f.store->verify("ann@example.com", "secret").has_value());  // the directory compares
  EXPECT_FALSE(f.store->verify("ann@example.com", "wrong").has_value());
  f.directory->entry.attributes["userpassword"] = {"{CRYPT}$6$x$broken", "other"};
  f.directory->entry.attributes["authpassword"] = {print_scram_keys(make_scram_keys("other", true, 10), true)};
  EXPECT_FALSE(f.store->verify("ann@example.com", "secret").has_value());
  EXPECT_TRUE(f.store->verify("ann@example.com", "other").has_value());
  EXPECT_TRUE(f.store->find("ann@example.com")->scram_sha256.has_value());
  EXPECT_EQ(f.store->decoy("nobody", true).iterations, 10U);
  EXPECT_EQ(f.directory->binds, 0);
}

TEST(DirectoryPassword, KnowsTheSchemesOfDirectories) {
  const auto ssha = [](const char* scheme, crypto::Digest kind, const std::string& salt) {
    return "{" + std::string(scheme) + "}" + base64_encode(crypto::digest(kind, "secret" + salt) + salt);
  };
  for (const std::string& stored :
       {ssha("SSHA", crypto::Digest::sha1, "salt"), ssha("sha", crypto::Digest::sha1, ""),
        ssha("SSHA256", crypto::Digest::sha256, "salt"), ssha("SSHA512", crypto::Digest::sha512, "salt"),
        std::string("secret"), std::string("{PLAIN}secret"),
        std::string("{CRYPT}$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA"),
        "{SCRAM-SHA-256}10," + base64_encode("salt") + "," +
            base64_encode(derive_scram_keys("secret", "salt", 10, true).stored_key) + "," +
            base64_encode(derive_scram_keys("secret", "salt", 10, true).server_key)}) {
    EXPECT_TRUE(directory_password_matches(stored, "secret")) << stored;
    EXPECT_FALSE(directory_password_matches(stored, "secre")) << stored;
    EXPECT_FALSE(directory_password_matches(stored, stored + "x")) << stored;
  }
  for (const char* stored : {"", "{", "{}", "{SSHA}", "{SSHA}!!",
                             "{SHA}"
                             "AAAA",
                             "{ARGON2}x", "{CRYPT}", "{UNKNOWN}secret"})
    for (const char* password : {"", "secret", "x"})
      EXPECT_FALSE(directory_password_matches(stored, password)) << stored;
}

TEST(PostgresRow, BecomesAnAccount) {
  const auto keys = make_scram_keys("secret", true, 10);
  const auto account = account_of_row({{"login", "Ann@example.com"},
                                       {"display_name", "Ann"},
                                       {"addresses", "{ann@example.com,\"*@example.org\"}"},
                                       {"enabled", "t"},
                                       {"password_hash", std::nullopt},
                                       {"scram_sha256", print_scram_keys(keys, true)},
                                       {"scram_sha1", ""}},
                                      "ann@example.com");
  ASSERT_TRUE(account.has_value()) << account.error().reason;
  EXPECT_EQ(account->identity.login, "Ann@example.com");
  EXPECT_THAT(account->identity.addresses, ElementsAre("ann@example.com", "*@example.org"));
  EXPECT_EQ(account->scram_sha256, keys);
  EXPECT_TRUE(account->enabled);
  EXPECT_THAT(account_of_row({{"addresses", "a@example.com, b@example.com"}}, "ann")->identity.addresses,
              ElementsAre("a@example.com", "b@example.com"));
  EXPECT_THAT(account_of_row({}, "ann@example.com")->identity.addresses, ElementsAre("ann@example.com"));
  EXPECT_FALSE(account_of_row({{"enabled", "f"}}, "ann")->enabled);
  EXPECT_FALSE(account_of_row({{"enabled", std::nullopt}}, "ann")->enabled);
}

TEST(PostgresRow, WithAStrangeColumnOrValueIsAFaultOfOursAndNotOfTheLogin) {
  EXPECT_EQ(account_of_row({{"adresses", "x"}}, "ann").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(account_of_row({{"scram_sha256", "x"}}, "ann").error().kind, ErrorKind::unavailable);
}

// Counts what it is asked, and takes its time.
struct SlowStore : Store {
  Abilities abilities() const noexcept override { return {}; }
  Result<Account> find(std::string_view login) override {
    ++finds;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (down) return fail(ErrorKind::unavailable, "down");
    if (login == "nobody") return fail(ErrorKind::not_found, "no such account");
    Account account;
    account.identity.login = login;
    return account;
  }
  Result<Account> verify(std::string_view login, std::string_view password) override {
    ++verifies;
    if (password != "secret") return fail(ErrorKind::refused, "wrong");
    return find(login);
  }
  ScramKeys decoy(std::string_view, bool) override { return {}; }
  std::atomic<int> finds = 0, verifies = 0;
  std::atomic<bool> down = false;
};

struct CachedFixture {
  explicit CachedFixture(CacheOptions options = {}) {
    auto owned = std::make_unique<SlowStore>();
    inner = owned.get();
    store = make_cached_store(std::move(owned), options);
  }
  SlowStore* inner;
  std::unique_ptr<Store> store;
};

TEST(CachedStore, AsksOnceForWhatItKnows) {
  CachedFixture f;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(f.store->find("ann").has_value());
    EXPECT_TRUE(f.store->find("ANN").has_value());
    EXPECT_EQ(f.store->find("nobody").error().kind, ErrorKind::not_found);
  }
  EXPECT_EQ(f.inner->finds, 2);
}

TEST(CachedStore, RemembersRightPasswordsOnly) {
  CachedFixture f;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(f.store->verify("ann", "secret").has_value());
    EXPECT_FALSE(f.store->verify("ann", "wrong").has_value());
    EXPECT_FALSE(f.store->verify("ann", "").has_value());
  }
  EXPECT_EQ(f.inner->verifies, 1 + 3 + 3);
}

TEST(CachedStore, ForgetsAfterItsLifeAndNeverRemembersThatItWasDown) {
  CachedFixture f(
      {.life = std::chrono::milliseconds(20), .failure_life = std::chrono::milliseconds(20), .entries_max = 9});
  EXPECT_TRUE(f.store->find("ann").has_value());
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  f.inner->down = true;
  EXPECT_EQ(f.store->find("ann").error().kind, ErrorKind::unavailable);
  f.inner->down = false;
  EXPECT_TRUE(f.store->find("ann").has_value());
}

TEST(CachedStore, IsBounded) {
  CachedFixture f({.life = std::chrono::hours(1), .failure_life = std::chrono::hours(1), .entries_max = 2});
  for (const char* login : {"a", "b", "a", "c", "a", "b"}) EXPECT_TRUE(f.store->find(login).has_value());
  EXPECT_EQ(f.inner->finds, 4);  // a, b, c (b makes room), b again
}

TEST(CachedStore, ManyThreadsAreOneQuestion) {
  CachedFixture f;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&f] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(f.store->find("ann" + std::to_string(j % 5)).has_value());
        EXPECT_TRUE(f.store->verify("ann" + std::to_string(j % 5), "secret").has_value());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(f.inner->verifies, 5);
  EXPECT_EQ(f.inner->finds, 10);
}

// Against real servers, which tests/scenario/accounts_in_ldap_and_postgresql.py starts and fills
// (tests/support/directory.py).
const char* server_named_by(const char* variable) {
  return std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nothing sets the environment
}

TEST(LdapStore, WorksWithARealDirectory) {
  const char* const url = server_named_by("RINGPOST_TEST_LDAP_URL");
  if (url == nullptr) GTEST_SKIP() << "RINGPOST_TEST_LDAP_URL names no server";
  LdapOptions options;
  options.server.urls = {url};
  options.base = "dc=example,dc=test";
  options.server.bind_dn = "cn=admin,dc=example,dc=test";
  options.server.bind_password_file = testing::TempDir() + "bind-password";
  std::ofstream(options.server.bind_password_file) << "admin-secret\n";
  for (const LdapPassword way : {LdapPassword::bind, LdapPassword::compare}) {
    options.password = way;
    auto store = open_ldap_store(options);
    ASSERT_TRUE(store.has_value()) << store.error().reason;
    for (int i = 0; i < 3; ++i) {
      const auto account = (*store)->verify("ann@example.test", "secret");
      ASSERT_TRUE(account.has_value()) << account.error().reason;
      EXPECT_EQ(account->identity.display_name, "Ann Example");
      const auto wrong = (*store)->verify("ann@example.test", "wrong");
      EXPECT_EQ(wrong.error().kind, ErrorKind::refused) << wrong.error().reason;
      EXPECT_EQ((*store)->verify("nobody@example.test", "secret").error().kind, ErrorKind::refused);
      EXPECT_EQ((*store)->verify("*", "secret").error().kind, ErrorKind::refused);
    }
  }
  std::remove(options.server.bind_password_file.c_str());
  options.server.urls = {"ldap://127.0.0.1:9"};  // nobody there
  options.server.bind_dn.clear();
  options.server.bind_password_file.clear();
  EXPECT_EQ((*open_ldap_store(options))->find("ann@example.test").error().kind, ErrorKind::unavailable);
}

TEST(PostgresStore, WorksWithARealDatabase) {
  const char* const url = server_named_by("RINGPOST_TEST_POSTGRES");
  if (url == nullptr) GTEST_SKIP() << "RINGPOST_TEST_POSTGRES names no server";
  PostgresOptions options;
  options.server.conninfo = url;
  auto store = open_postgres_store(options);
  ASSERT_TRUE(store.has_value()) << store.error().reason;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i)  // more than there are connections
    threads.emplace_back([&store] {
      const auto account = (*store)->verify("Ann@example.test", "secret");
      ASSERT_TRUE(account.has_value()) << account.error().reason;
      EXPECT_THAT(account->identity.addresses, ElementsAre("ann@example.test", "*@example.org"));
      EXPECT_EQ((*store)->verify("ann@example.test", "wrong").error().kind, ErrorKind::refused);
      EXPECT_EQ((*store)->verify("' OR 1=1 --", "secret").error().kind, ErrorKind::refused);
    });
  for (std::thread& thread : threads) thread.join();
  options.query = "SELECT $1::text AS login, pg_sleep(10)";
  options.server.statement_timeout = std::chrono::milliseconds(200);
  EXPECT_EQ((*open_postgres_store(options))->find("ann").error().kind, ErrorKind::unavailable);
  options.server.conninfo = "host=127.0.0.1 port=9 dbname=none";
  EXPECT_EQ((*open_postgres_store(options))->find("ann").error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace ringpost::account
