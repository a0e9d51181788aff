#include "policy/sender_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace ringpost::policy {
namespace {

using Kind = mail::OriginatorField::Kind;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_view_literals;

class SenderLoginTest : public testing::Test {
 protected:
  SenderLoginTest() {
    std::ofstream(groups_) << "support: help@example.com, support+*@example.com\n";
    options_.groups = groups_;
    options_.local_domains_from = {*parse_network("203.0.113.0/24")};
    options_.protected_names = {"Chief Executive"};
    make();
  }

  void make() {
    auto made = SenderLogin::create(options_, access_, {{"Ann Lee", "ann@example.com"}, {"Bob Marley", "bob"}});
    ASSERT_TRUE(made.has_value()) << made.error().reason;
    policy_ = std::move(*made);
  }
  static RelayAccess make_access() {
    RelayOptions options;
    options.trusted_networks = {*parse_network("127.0.0.0/8")};
    options.domains = {{.name = "example.com"}, {.name = "müller.example"}};
    return std::move(*RelayAccess::create(options, "mx.example.com"));
  }

  std::string envelope(std::string_view from, const mail::Identity* identity,
                       std::string_view ip = "198.51.100.7") const {
    const auto address = mail::parse_address(from, true, true);
    EXPECT_TRUE(address.has_value()) << from;
    const SenderVerdict verdict = policy_->check_envelope(client(ip, identity), identity, *address);
    return std::string(verdict.rule) + (verdict.rule.empty() || verdict.refused() ? "" : " (logged)");
  }
  /// Every rule that was found.
  std::vector<std::string> header(const mail::OriginatorFields& fields, const mail::Identity* identity,
                                  std::string_view ip = "198.51.100.7") const {
    std::vector<std::string> rules;
    for (const SenderVerdict& verdict : policy_->check_header(client(ip, identity), identity, fields))
      rules.push_back(std::string(verdict.rule) + (verdict.refused() ? "" : " (logged)"));
    return rules;
  }
  std::vector<std::string> from(std::string_view value, const mail::Identity* identity,
                                std::string_view ip = "198.51.100.7") const {
    return header({.fields = {{Kind::from, std::string(value)}}}, identity, ip);
  }
  static ClientIdentity client(std::string_view ip, const mail::Identity* identity) {
    return {*parse_ip(ip), identity != nullptr ? identity->login : ""};
  }

  static constexpr const mail::Identity* stranger = nullptr;
  RelayAccess access_ = make_access();
  const test::TemporaryDirectory directory_;
  const std::string groups_ = directory_.path() + "/groups";
  SenderOptions options_;
  std::unique_ptr<SenderLogin> policy_;
  const mail::Identity ann_{
      .login = "ann@example.com",
      .display_name = "Ann Lee",
      .addresses = {"a.lee@müller.example", "ann+*@example.com", "group:support", "Sales@partner.example"}};
  const mail::Identity bob_{.login = "bob", .display_name = "Bob Marley", .addresses = {}};
  const mail::Identity any_{
      .login = "admin", .display_name = "", .addresses = {"*@example.com", "group:nowhere", "junk"}};
};

TEST_F(SenderLoginTest, ALoginUsesItsOwnAddressesInTheEnvelope) {
  for (const std::string_view mine : {"ann@example.com", "ANN@example.com", "ann+x@example.com", "help@example.com",
                                      "support+1@example.com", "a.lee@xn--mller-kva.example", "Sales@partner.example"})
    EXPECT_EQ(envelope(mine, &ann_), "") << mine;
  for (const std::string_view foreign :
       {"bob@example.com", "anna@example.com", "ann@example.org", "ann@sub.example.com", "sales@partner.example",
        "support@example.com", "ann@[192.0.2.1]"})
    EXPECT_EQ(envelope(foreign, &ann_), "envelope-not-yours") << foreign;
  EXPECT_EQ(envelope("anybody@example.com", &any_), "");
  EXPECT_EQ(envelope("anybody@example.org", &any_), "envelope-not-yours");
  EXPECT_EQ(envelope("bob@example.com", &bob_), "envelope-not-yours");
}

TEST_F(SenderLoginTest, TheNullReversePathIsEverybodys) {
  EXPECT_EQ(envelope("", &ann_), "");
  EXPECT_EQ(envelope("", stranger), "");
}

TEST_F(SenderLoginTest, ATrustedNetworkDoesNotWidenWhatALoginMayUse) {
  EXPECT_EQ(envelope("bob@example.com", &ann_, "127.0.0.1"), "envelope-not-yours");
  EXPECT_THAT(from("bob@example.com", &ann_, "127.0.0.1"), ElementsAre("from-not-yours"));
}

TEST_F(SenderLoginTest, StrangersDoNotUseOurDomainsInTheEnvelope) {
  EXPECT_EQ(envelope("ann@example.com", stranger), "local-domain-without-auth");
  EXPECT_EQ(envelope("x@MÜLLER.example", stranger), "local-domain-without-auth");
  EXPECT_EQ(envelope("x@xn--mller-kva.example", stranger), "local-domain-without-auth");
  EXPECT_EQ(envelope("x@sub.example.com", stranger), "");
  EXPECT_EQ(envelope("x@example.org", stranger), "");
  EXPECT_EQ(envelope("ann@example.com", stranger, "127.0.0.1"), "");
  EXPECT_EQ(envelope("ann@example.com", stranger, "203.0.113.9"), "");
}

TEST_F(SenderLoginTest, EveryMailboxOfEveryOriginatorFieldIsTheLogins) {
  EXPECT_THAT(from("Ann Lee <ann@example.com>", &ann_), IsEmpty());
  EXPECT_THAT(from("ann@example.com, help@example.com", &ann_), IsEmpty());
  EXPECT_THAT(from("bob@example.com", &ann_), ElementsAre("from-not-yours"));
  EXPECT_THAT(from("ann@example.com, bob@example.com", &ann_), ElementsAre("from-not-yours"));
  EXPECT_THAT(from("Team: ann@example.com, bob@example.com;", &ann_), ElementsAre("from-not-yours"));
  EXPECT_THAT(from("<@bob.example:bob@example.com>", &ann_), ElementsAre("from-not-yours"));
  const auto with = [&](Kind kind) {
    return header({.fields = {{Kind::from, "ann@example.com"}, {kind, "bob@example.com"}}}, &ann_);
  };
  EXPECT_THAT(with(Kind::sender), ElementsAre("sender-not-yours"));
  EXPECT_THAT(with(Kind::resent_from), ElementsAre("resent-from-not-yours"));
  EXPECT_THAT(with(Kind::resent_sender), ElementsAre("resent-sender-not-yours"));
  EXPECT_THAT(header({.fields = {{Kind::sender, "ann@example.com"}, {Kind::from, "bob@example.com"}}}, &ann_),
              ElementsAre("from-not-yours"));
}

TEST_F(SenderLoginTest, ALoginSendsWithOneReadableFrom) {
  EXPECT_THAT(header({}, &ann_), ElementsAre("from-missing"));
  EXPECT_THAT(from("undisclosed:;", &ann_), ElementsAre("from-missing"));
  EXPECT_THAT(header({.fields = {{Kind::from, "ann@example.com"}, {Kind::from, "ann@example.com"}}}, &ann_),
              ElementsAre("from-twice"));
  EXPECT_THAT(header({.fields = {{Kind::from, "ann@example.com"},
                                 {Kind::sender, "ann@example.com"},
                                 {Kind::sender, "ann@example.com"}}},
                     &ann_),
              ElementsAre("sender-twice"));
  EXPECT_THAT(from("bob@example.com <ann@example.com>", &ann_), ElementsAre("from-unreadable"));
  EXPECT_THAT(from("", &ann_), ElementsAre("from-unreadable"));
  EXPECT_THAT(from("=?utf-8?q?bob=40example=2Ecom?=", &ann_), ElementsAre("from-unreadable"));
  EXPECT_THAT(header({.fields = {{Kind::from, "ann@example.com"}, {Kind::sender, "x"}}}, &ann_),
              ElementsAre("sender-unreadable"));
}

TEST_F(SenderLoginTest, AHeaderThatMayHideFieldsIsRefused) {
  mail::OriginatorFields fields{.fields = {{Kind::from, "ann@example.com"}}};
  fields.overflow = true;
  EXPECT_THAT(header(fields, &ann_), ElementsAre("header-too-long"));
  EXPECT_THAT(header(fields, stranger, "127.0.0.1"), IsEmpty());
  fields = {.fields = {{Kind::from, "x@example.org"}}, .malformed = true};
  EXPECT_THAT(header(fields, stranger), ElementsAre("header-malformed"));
  EXPECT_THAT(header(fields, stranger, "127.0.0.1"), IsEmpty());
  fields = {.fields = {{Kind::from, "ann@example.com"}}, .malformed = true};
  EXPECT_THAT(header(fields, &ann_), ElementsAre("header-malformed"));
}

TEST_F(SenderLoginTest, StrangersDoNotUseOurDomainsInTheHeader) {
  EXPECT_THAT(from("Anybody <x@example.org>", stranger), IsEmpty());
  EXPECT_THAT(from("ann@example.com", stranger), ElementsAre("local-domain-without-auth"));
  EXPECT_THAT(from("x@example.org, ann@EXAMPLE.com", stranger), ElementsAre("local-domain-without-auth"));
  EXPECT_THAT(from("Group: ann@example.com;", stranger), ElementsAre("local-domain-without-auth"));
  EXPECT_THAT(header({.fields = {{Kind::from, "x@example.org"}, {Kind::from, "ann@example.com"}}}, stranger),
              ElementsAre("local-domain-without-auth"));
  for (const Kind kind : {Kind::sender, Kind::resent_from, Kind::resent_sender})
    EXPECT_THAT(header({.fields = {{kind, "ann@example.com"}}}, stranger), ElementsAre("local-domain-without-auth"));
  EXPECT_THAT(from("ann@example.com", stranger, "203.0.113.9"), IsEmpty());
  EXPECT_THAT(header({}, stranger), IsEmpty());
}

TEST_F(SenderLoginTest, AStrangersUnreadableFromIsRefusedWhereItMayHideADomainOfOurs) {
  for (const std::string_view value :
       {"ann@example.com <x@example.org>", "Ann ann@Example.COM", "ann@exam(x)ple.com", "ann @ example . com x",
        "ann@exa\r\n mple.com x", "=?utf-8?q?ann=40example.com?=", "=?utf-8?b?YW5uQGV4YW1wbGUuY29t?=",
        "=?x-nobody-has-it?b?YW5u?= x", "ann@ｅxample.com x", "ann@exa\u200bmple.com", "\"ann@example.com",
        "ann@xn--mller-kva.example x", "ann@MÜLLER.example x", "\xff <ann@example.com>", "ann@exam\\ple.com"})
    EXPECT_THAT(from(value, stranger), ElementsAre("from-unreadable")) << value;
  for (const std::string_view value :
       {"J\xf6rg <joerg@example.org>", "", "Ann", "MAILER-DAEMON", "a@x.example b@y.example"})
    EXPECT_THAT(from(value, stranger), IsEmpty()) << value;
}

TEST_F(SenderLoginTest, DisplayNamesOfOthersAreLoggedByDefaultAndRefusedWhereConfigured) {
  EXPECT_THAT(from("Bob Marley <ann@example.com>", &ann_), ElementsAre("display-name-protected (logged)"));
  EXPECT_THAT(from("Ann Lee <x@example.org>", stranger), ElementsAre("display-name-protected (logged)"));
  EXPECT_THAT(from("Bob Marley <x@example.org>", stranger, "127.0.0.1"), IsEmpty());
  options_.display_name = Enforcement::enforce;
  make();
  EXPECT_THAT(from("Bob Marley <ann@example.com>", &ann_), ElementsAre("display-name-protected"));
  EXPECT_THAT(from("Ann Lee <ann@example.com>", &ann_), IsEmpty());
  EXPECT_THAT(from("=?utf-8?q?Chief_=45xecutive?= <x@example.org>", stranger), ElementsAre("display-name-protected"));
  EXPECT_THAT(from("x@example.org (Ann Lee)", stranger), ElementsAre("display-name-protected"));
  EXPECT_THAT(from("Ann Lee: x@example.org;", stranger), ElementsAre("display-name-protected"));
  EXPECT_THAT(from("\"ann@example.com\" <x@example.org>", stranger), ElementsAre("display-name-address"));
  EXPECT_THAT(from("\"x@example.org\" <X@EXAMPLE.org>", stranger), IsEmpty());
  EXPECT_THAT(from("\"help@example.com\" <ann@example.com>", &ann_), IsEmpty());
  EXPECT_THAT(header({.fields = {{Kind::from, "x@example.org"}, {Kind::sender, "Ann Lee <x@example.org>"}}}, stranger),
              ElementsAre("display-name-protected"));
}

TEST_F(SenderLoginTest, OnlySoManyNamesOfAMessageAreJudged) {
  std::string value = "x@example.org";
  for (int i = 0; i < 33; ++i) value += " (n)";
  EXPECT_THAT(from(value, stranger), ElementsAre("display-name-too-long (logged)"));
}

TEST_F(SenderLoginTest, VerdictsThatRefuseComeFirst) {
  EXPECT_THAT(from("Chief Executive <ann@example.com>, bob@example.com", &ann_),
              ElementsAre("from-not-yours", "display-name-protected (logged)"));
}

TEST_F(SenderLoginTest, EachPartIsEnforcedLoggedOrOff) {
  options_.envelope = options_.header = Enforcement::log;
  make();
  EXPECT_EQ(envelope("bob@example.com", &ann_), "envelope-not-yours (logged)");
  EXPECT_THAT(from("bob@example.com", &ann_), ElementsAre("from-not-yours (logged)"));
  EXPECT_EQ(envelope("ann@example.com", stranger), "local-domain-without-auth");
  options_.envelope = options_.header = options_.display_name = Enforcement::off;
  make();
  EXPECT_EQ(envelope("bob@example.com", &ann_), "");
  EXPECT_THAT(from("bob@example.com", &ann_), IsEmpty());
  EXPECT_THAT(from("ann@example.com", stranger), ElementsAre("local-domain-without-auth"));
  options_.local_domains_require_auth = false;
  make();
  EXPECT_EQ(envelope("ann@example.com", stranger), "");
  EXPECT_THAT(from("ann@example.com", stranger), IsEmpty());
}

TEST_F(SenderLoginTest, OnlyThoseWhoAreAskedNeedTheirHeaderKept) {
  const auto wants = [&](const mail::Identity* identity, std::string_view ip) {
    return policy_->wants_header(client(ip, identity), identity);
  };
  EXPECT_TRUE(wants(&ann_, "127.0.0.1") && wants(stranger, "198.51.100.7"));
  EXPECT_FALSE(wants(stranger, "127.0.0.1") || wants(stranger, "203.0.113.9"));
  options_.display_name = Enforcement::off;
  options_.header = Enforcement::off;
  make();
  EXPECT_FALSE(wants(&ann_, "198.51.100.7"));
  EXPECT_TRUE(wants(stranger, "198.51.100.7"));
  options_.local_domains_require_auth = false;
  make();
  EXPECT_FALSE(wants(stranger, "198.51.100.7"));
}

TEST_F(SenderLoginTest, DetailsAreBounded) {
  const auto verdicts = policy_->check_header(
      client("198.51.100.7", &ann_), &ann_, {.fields = {{Kind::from, "\"" + std::string(250, 'x') + "\"@b.example"}}});
  for (const SenderVerdict& verdict : verdicts) EXPECT_LE(verdict.detail.size(), 256U);
}

TEST_F(SenderLoginTest, AGroupsFileThatCannotBeReadIsAnError) {
  options_.groups = "/does/not/exist";
  EXPECT_EQ(SenderLogin::create(options_, access_, {}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ringpost::policy
