#include "tls/dane.h"

#include <gmock/gmock.h>

#include "crypto/digest.h"
#include "tls/certificate.h"
#include "tls_pair.h"

namespace ringpost::tls {
namespace {

using Matching = DaneAssociation::Matching;
using Selector = DaneAssociation::Selector;
using Usage = DaneAssociation::Usage;
using testing::HasSubstr;

std::string der(const std::string& name) {
  auto& files = test::Certificates::get();
  files.openssl("x509 -in " + name + " -outform DER -out der");
  return test::Certificates::read(files.path("der"));
}

DaneAssociation announce(Usage usage, Selector selector, Matching matching, const std::string& certificate) {
  const std::string what = selector == Selector::certificate ? certificate : std::string(public_key_of(certificate));
  switch (matching) {
    case Matching::exact:
      return {usage, selector, matching, what};
    case Matching::sha256:
      return {usage, selector, matching, crypto::digest(crypto::Digest::sha256, what)};
    case Matching::sha512:
      return {usage, selector, matching, crypto::digest(crypto::Digest::sha512, what)};
  }
  return {};
}

DaneWish wish_of(DaneAssociation association, const std::string& name = "mail.example.org") {
  return {.associations = {std::move(association)}, .names = {"elsewhere.example", name}};
}

DaneVerdict judge(const std::vector<std::string>& chain, const DaneWish& wish) {
  const std::vector<std::string_view> views(chain.begin(), chain.end());
  return judge_dane(views, wish);
}

constexpr Selector selectors[] = {Selector::certificate, Selector::public_key};
constexpr Matching matchings[] = {Matching::exact, Matching::sha256, Matching::sha512};

TEST(Dane, ThePublicKeyOfACertificateIsTheOneOpensslSees) {
  auto& files = test::Certificates::get();
  const std::string leaf = der("ecdsa.leaf");
  files.openssl("ec -in ecdsa.key -pubout -outform DER -out spki");
  EXPECT_EQ(public_key_of(leaf), test::Certificates::read(files.path("spki")));
  for (std::size_t i = 0; i < leaf.size(); ++i) EXPECT_TRUE(public_key_of(leaf.substr(0, i)).empty()) << i;
}

TEST(Dane, AnAnnouncedLeafIsGoodWhateverItsNameAndItsDates) {
  for (const std::string& file : {"ecdsa.leaf", "rsa.leaf", "expired.pem"}) {
    const std::string leaf = der(file);
    for (const Selector selector : selectors) {
      for (const Matching matching : matchings) {
        const DaneWish wish = wish_of(announce(Usage::end_entity, selector, matching, leaf), "other.example");
        EXPECT_EQ(judge({leaf}, wish).proof, "dane-ee") << file;
      }
    }
  }
}

TEST(Dane, AnotherLeafIsNotGoodThoughAnAuthorityKnowsIt) {
  const std::string leaf = der("ecdsa.leaf"), other = der("rsa.leaf"), inter = der("inter.pem");
  for (const Selector selector : selectors) {
    for (const Matching matching : matchings) {
      const DaneVerdict verdict = judge({leaf, inter}, wish_of(announce(Usage::end_entity, selector, matching, other)));
      EXPECT_EQ(verdict.proof, "");
      EXPECT_THAT(verdict.problem, HasSubstr("TLSA records"));
    }
  }
  // The announced certificate is in the chain, but it is not the leaf.
  EXPECT_EQ(judge({leaf, inter}, wish_of(announce(Usage::end_entity, selectors[1], matchings[1], inter))).proof, "");
}

TEST(Dane, AnAnnouncedAuthorityVouchesForALeafWithOneOfTheNames) {
  const std::string leaf = der("ecdsa.leaf"), inter = der("inter.pem"), root = der("root.pem");
  for (const Selector selector : selectors) {
    for (const Matching matching : matchings) {
      const auto by_inter = announce(Usage::trust_anchor, selector, matching, inter);
      const auto by_root = announce(Usage::trust_anchor, selector, matching, root);
      EXPECT_EQ(judge({leaf, inter}, wish_of(by_inter)).proof, "dane-ta");
      EXPECT_EQ(judge({leaf, inter, root}, wish_of(by_root)).proof, "dane-ta");
      EXPECT_THAT(judge({leaf, inter}, wish_of(by_inter, "other.example")).problem, HasSubstr("another name"));
    }
  }
}

TEST(Dane, AnAuthorityThatIsNotSentMustBeInTheRecordWhole) {
  const std::string leaf = der("ecdsa.leaf"), inter = der("inter.pem"), root = der("root.pem");
  EXPECT_EQ(judge({leaf, inter}, wish_of(announce(Usage::trust_anchor, selectors[0], Matching::exact, root))).proof,
            "dane-ta");
  EXPECT_EQ(judge({leaf, inter}, wish_of(announce(Usage::trust_anchor, selectors[0], Matching::sha256, root))).proof,
            "");
  EXPECT_EQ(judge({leaf, inter}, wish_of({Usage::trust_anchor, selectors[0], Matching::exact, "junk"})).proof, "");
}

TEST(Dane, AnAnnouncedAuthorityThatHasNotSignedTheLeafVouchesForNothing) {
  const std::string leaf = der("ecdsa.leaf"), stranger = der("clientca.pem"), expired = der("expired.pem");
  const auto by_stranger = announce(Usage::trust_anchor, Selector::public_key, Matching::sha256, stranger);
  EXPECT_EQ(judge({leaf, stranger}, wish_of(by_stranger)).proof, "");
  EXPECT_EQ(judge({leaf, der("inter.pem"), stranger}, wish_of(by_stranger)).proof, "");
  // A leaf is no authority, and its dates count here.
  const auto by_leaf = announce(Usage::trust_anchor, Selector::public_key, Matching::sha256, leaf);
  EXPECT_EQ(judge({der("rsa.leaf"), leaf}, wish_of(by_leaf, "rsa.example.org")).proof, "");
  EXPECT_EQ(judge({leaf}, wish_of(by_leaf)).proof, "");
  const auto by_inter = announce(Usage::trust_anchor, Selector::public_key, Matching::sha256, der("inter.pem"));
  EXPECT_THAT(judge({expired, der("inter.pem")}, wish_of(by_inter, "expired")).problem, HasSubstr("expired"));
}

TEST(Dane, ACutOrForeignChainIsNeverGood) {
  const std::string leaf = der("ecdsa.leaf"), inter = der("inter.pem");
  const auto by_inter = announce(Usage::trust_anchor, Selector::public_key, Matching::sha256, inter);
  EXPECT_EQ(judge({}, wish_of(by_inter)).proof, "");
  EXPECT_EQ(judge({"", inter}, wish_of(by_inter)).proof, "");
  EXPECT_EQ(judge({leaf.substr(0, leaf.size() / 2), inter}, wish_of(by_inter)).proof, "");
}

struct Seen {
  bool done = false;
  ConnectionInfo info;
  std::string problem;
};

// One connection, whose session is kept for the next.
Seen connect(Both& contexts, ClientWish wish) {
  struct State {
    Both& contexts;
    ClientWish wish;
    Seen seen;
  } state{contexts, std::move(wish), {}};
  test::run_on_reactor(
      [](Reactor& reactor, State& s) -> Task<> {
        Handshakes hands = co_await shake_hands(reactor, s.contexts.server, *s.contexts.client, s.wish);
        s.seen.done = hands.client_result.has_value();
        if (s.seen.done) {
          s.seen.info = hands.client->info();
          co_await expect_passes(*hands.server, *hands.client, "a word");
        } else {
          s.seen.problem = hands.client_result.error().reason;
        }
        co_await close_both(hands);
      },
      state);
  return state.seen;
}

TEST(Dane, DecidesTheHandshakeInPlaceOfTheAuthorities) {
  ClientOptions trusts_nobody = client_options();
  trusts_nobody.ca_file.clear();
  Both contexts = both(server_options(), trusts_nobody);
  const auto good = announce(Usage::end_entity, Selector::public_key, Matching::sha256, der("ecdsa.leaf"));
  const auto bad = announce(Usage::end_entity, Selector::public_key, Matching::sha256, der("rsa.leaf"));
  ClientWish wish{.server_name = "mail.example.org", .verify = false, .session_key = "there", .dane = wish_of(good)};
  Seen seen = connect(contexts, wish);
  EXPECT_TRUE(seen.done) << seen.problem;
  EXPECT_EQ(seen.info.peer_proof, "dane-ee");
  seen = connect(contexts, wish);
  EXPECT_TRUE(seen.info.resumed);
  EXPECT_EQ(seen.info.peer_proof, "dane-ee");

  // Neither trust in its authority nor the session of before helps where other records are there now.
  Both trusting = both();
  for (Both* each : {&contexts, &trusting}) {
    wish.dane = wish_of(bad);
    seen = connect(*each, wish);
    EXPECT_FALSE(seen.done);
    EXPECT_THAT(seen.problem, HasSubstr("not the one that the TLSA records announce"));
  }
  wish.dane = {};
  seen = connect(trusting, wish);
  EXPECT_EQ(seen.info.peer_proof, "pkix");
}

}  // namespace
}  // namespace ringpost::tls
