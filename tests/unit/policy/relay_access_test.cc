#include "policy/relay_access.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace ringpost::policy {
namespace {

class RelayAccessTest : public testing::Test {
 protected:
  RelayAccessTest() { std::ofstream(file_) << "# people\n\nAlice\n  bob \r\nodd%one\n"; }

  RelayAccess access(std::string hostname = "mx1.example.com") const {
    RelayOptions options;
    options.trusted_networks = {*parse_network("127.0.0.0/8"), *parse_network("10.0.0.0/8"), *parse_network("::1/128")};
    options.domains = {{.name = "example.com"},
                       {.name = "Listed.Example", .recipients = "file:" + file_},
                       {.name = "lmtp.example", .deliver = "lmtp://127.0.0.1:24"}};
    auto made = RelayAccess::create(options, std::move(hostname));
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  /// "250" or "550 5.7.1".
  static std::string answer(const Result<mail::Address>& result) {
    if (result) return "250";
    const PublicStatus& s = result.error().status;
    return std::to_string(s.code) + " " + std::to_string(s.enhanced.klass) + "." + std::to_string(s.enhanced.subject) +
           "." + std::to_string(s.enhanced.detail);
  }
  std::string stranger(std::string local, std::string domain) const {
    return answer(access().check_recipient({*parse_ip("198.51.100.7"), ""}, {std::move(local), std::move(domain)}));
  }
  std::string from(std::string_view address, std::string login, std::string local, std::string domain) const {
    return answer(
        access().check_recipient({*parse_ip(address), std::move(login)}, {std::move(local), std::move(domain)}));
  }

  const test::TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/recipients";
};

TEST_F(RelayAccessTest, StrangersReachLocalDomainsOnly) {
  EXPECT_EQ(stranger("user", "example.com"), "250");
  EXPECT_EQ(stranger("user", "foreign.example"), "550 5.7.1");
  EXPECT_EQ(stranger("user", "sub.example.com"), "550 5.7.1");
  EXPECT_EQ(stranger("user", "notexample.com"), "550 5.7.1");
  EXPECT_EQ(stranger("user", "com"), "550 5.7.1");
}

TEST_F(RelayAccessTest, TrustedNetworksAndAuthenticatedClientsMayRelay) {
  EXPECT_EQ(from("10.1.2.3", "", "user", "foreign.example"), "250");
  EXPECT_EQ(from("::ffff:10.1.2.3", "", "user", "foreign.example"), "250");
  EXPECT_EQ(from("::1", "", "user", "foreign.example"), "250");
  EXPECT_EQ(from("198.51.100.7", "alice", "user", "foreign.example"), "250");
  EXPECT_EQ(from("::10.1.2.3", "", "user", "foreign.example"), "550 5.7.1");
  EXPECT_EQ(from("11.0.0.1", "", "user", "foreign.example"), "550 5.7.1");
}

TEST_F(RelayAccessTest, ThePercentHackAndItsKinAreRefusedInEveryLocalDomain) {
  for (const char* local : {"user%foreign.example", "foreign.example!user", "user@foreign.example", "a!b!c", "%", "!",
                            "@", "user%foreign.example%other.example", "@foreign.example:user"}) {
    EXPECT_EQ(stranger(local, "example.com"), "550 5.7.1") << local;
    EXPECT_EQ(stranger(local, "lmtp.example"), "550 5.7.1") << local;
    EXPECT_EQ(stranger(local, "listed.example"), "550 5.7.1") << local;
    // A trusted client may relay directly; it does not need the hack, and the domain behind may not expect it.
    EXPECT_EQ(from("127.0.0.1", "", local, "example.com"), "550 5.7.1") << local;
  }
  EXPECT_EQ(stranger("user%example.com", "foreign.example"), "550 5.7.1");
  EXPECT_EQ(stranger("user@example.com", "foreign.example"), "550 5.7.1");
}

TEST_F(RelayAccessTest, APercentListedLiterallyIsAMailbox) {
  EXPECT_EQ(stranger("odd%one", "listed.example"), "250");
  EXPECT_EQ(stranger("odd%two", "listed.example"), "550 5.7.1");
  EXPECT_EQ(stranger("odd%one", "example.com"), "550 5.7.1");
}

TEST_F(RelayAccessTest, CaseAndTrailingDotDoNotMakeADomainForeignOrLocal) {
  EXPECT_EQ(stranger("user", "EXAMPLE.Com"), "250");
  EXPECT_EQ(stranger("user", "example.com."), "250");
  EXPECT_EQ(stranger("user", "foreign.example."), "550 5.7.1");
  EXPECT_EQ(stranger("user", "example.com.."), "553 5.1.3");
  EXPECT_EQ(stranger("user", "."), "553 5.1.3");
  const auto normal = access().check_recipient({*parse_ip("198.51.100.7"), ""}, {"User", "EXAMPLE.com."});
  ASSERT_TRUE(normal.has_value());
  EXPECT_EQ(*normal, (mail::Address{"User", "example.com"}));
}

TEST_F(RelayAccessTest, AddressLiteralsAreForeign) {
  EXPECT_EQ(stranger("user", "[127.0.0.1]"), "550 5.7.1");
  EXPECT_EQ(stranger("user", "[IPv6:::1]"), "550 5.7.1");
  EXPECT_EQ(stranger("postmaster", "[192.0.2.1]"), "550 5.7.1");
  EXPECT_EQ(from("127.0.0.1", "", "user", "[192.0.2.1]"), "250");
}

TEST_F(RelayAccessTest, NullAndDomainlessRecipientsAreNoMailboxes) {
  EXPECT_EQ(stranger("", ""), "553 5.1.3");
  EXPECT_EQ(stranger("", "example.com"), "553 5.1.3");
  EXPECT_EQ(stranger("user", ""), "553 5.1.3");
  EXPECT_EQ(from("127.0.0.1", "alice", "user", ""), "553 5.1.3");
}

TEST_F(RelayAccessTest, PostmasterIsAlwaysReachable) {
  EXPECT_EQ(stranger("PostMaster", "listed.example"), "250");
  const auto bare = access().check_recipient({*parse_ip("198.51.100.7"), ""}, {"Postmaster", ""});
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->domain, "example.com");  // our hostname is no mail domain here, so it would leave or loop
  const auto at_host = access().check_recipient({*parse_ip("198.51.100.7"), ""}, {"postmaster", "mx1.example.com"});
  ASSERT_TRUE(at_host.has_value());
  EXPECT_EQ(at_host->domain, "example.com");
  const auto own = access("lmtp.example").check_recipient({*parse_ip("198.51.100.7"), ""}, {"postmaster", ""});
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->domain, "lmtp.example");
}

TEST_F(RelayAccessTest, TablesDecideWithoutCaseWhoIsKnown) {
  EXPECT_EQ(stranger("ALICE", "listed.example"), "250");
  EXPECT_EQ(stranger("bob", "listed.example"), "250");
  EXPECT_EQ(stranger("carol", "listed.example"), "550 5.1.1");
  EXPECT_EQ(stranger("# people", "listed.example"), "550 5.1.1");
  EXPECT_EQ(from("127.0.0.1", "", "carol", "listed.example"), "550 5.1.1");
}

TEST_F(RelayAccessTest, NoLocalPartLeavesTheMailDirectory) {
  for (const char* local : {"../../etc/passwd", "..", ".", ".hidden", "a/b",
                            "a\x01"
                            "b"}) {
    EXPECT_EQ(stranger(local, "example.com"), "550 5.1.1") << local;
  }
  EXPECT_EQ(stranger("a/b", "lmtp.example"), "250");
}

TEST_F(RelayAccessTest, BadTablesAreNamedWithTheirLine) {
  RelayOptions options;
  options.domains = {{.name = "example.com", .recipients = "file:/nonexistent/recipients"}};
  auto missing = RelayAccess::create(options, "mx");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);

  std::ofstream(file_) << "alice\n" << std::string(300, 'x') << "\n";
  options.domains = {{.name = "example.com", .recipients = "file:" + file_}};
  auto wrong = RelayAccess::create(options, "mx");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().reason.find(file_ + " line 2"), std::string::npos) << wrong.error().reason;

  options.domains = {{.name = "example.com"}, {.name = "EXAMPLE.com"}};
  EXPECT_FALSE(RelayAccess::create(options, "mx").has_value());
  options.domains = {{.name = "example.com", .recipients = "everybody"}};
  EXPECT_FALSE(RelayAccess::create(options, "mx").has_value());
}

}  // namespace
}  // namespace ringpost::policy
