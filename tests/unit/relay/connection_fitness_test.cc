#include "relay/connection_fitness.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

using tls::DaneAssociation;

constexpr std::string_view ours = "mx:b.example";

// A connection to mx1 that was opened for a.example, encrypted and not verified.
Standing standing() {
  Standing connection;
  connection.opened_for = "mx:a.example";
  connection.host = "mx1.example";
  connection.encrypted = true;
  connection.server_name = "mx1.example";
  return connection;
}

Standing verified(std::string proof = "pkix") {
  Standing connection = standing();
  connection.proof = std::move(proof);
  connection.certificate_names = {"mx1.example"};
  return connection;
}

HostNeeds at(const std::string& name, std::uint16_t preference = 10) {
  HostNeeds host;
  host.host = host.server_name = name;
  host.preference = preference;
  return host;
}

HostNeeds enforced(const std::string& name) {
  HostNeeds host = at(name);
  host.encrypted = host.verified = true;
  return host;
}

HostNeeds announced(DaneAssociation::Usage usage, const std::string& data = "digest") {
  HostNeeds host = at("mx1.example");
  host.encrypted = true;
  host.dane.associations = {{.usage = usage, .data = data}};
  host.dane.names = {"mx1.example", "b.example"};
  return host;
}

bool carries(const Standing& connection, const Needs& needs, const Delivery& delivery = {}) {
  return fits(connection, ours, delivery, needs);
}

TEST(ConnectionFitness, WithoutWishesAnyConnectionToABestHostWillDo) {
  Standing clear = standing();
  clear.encrypted = false;
  EXPECT_TRUE(carries(clear, {at("mx1.example")}));
  EXPECT_TRUE(carries(standing(), {at("mx1.example"), at("mx2.example")}));
  EXPECT_TRUE(carries(verified(), {at("mx2.example"), at("mx1.example")}));
}

TEST(ConnectionFitness, AHostThatTheDomainDoesNotNameWillNotDo) {
  EXPECT_FALSE(carries(verified(), {at("mx2.example")}));
}

TEST(ConnectionFitness, WhereNothingIsKnownOnlyTheDestinationsOwnWillDo) {
  Standing connection = verified();
  EXPECT_FALSE(carries(connection, {}));
  connection.host.clear();
  EXPECT_FALSE(carries(connection, {at("mx1.example"), at("")}));
  connection.opened_for = ours;
  EXPECT_TRUE(carries(connection, {}));
  EXPECT_TRUE(carries(connection, {at("mx1.example")}));
}

TEST(ConnectionFitness, ABetterHostMustHaveBeenTriedInVain) {
  const Needs needs{at("mx0.example", 5), at("mx1.example", 10)};
  Standing connection = standing();
  EXPECT_FALSE(carries(connection, needs));
  connection.passed_over = {"mx0.example"};
  EXPECT_TRUE(carries(connection, needs));
  // The order is the domain's own, not that of whoever opened the connection.
  EXPECT_FALSE(carries(connection, {at("mx0.example", 5), at("mx9.example", 7), at("mx1.example", 10)}));
}

TEST(ConnectionFitness, ABetterHostThatTheDomainMayNotUseDoesNotCount) {
  Needs needs{at("mx0.example", 5), at("mx1.example", 10)};
  needs.front().closed = true;
  EXPECT_TRUE(carries(standing(), needs));
}

TEST(ConnectionFitness, TheRouteMustAskTheSame) {
  const Needs needs{at("mx1.example")};
  const auto refused_with = [&](auto change) {
    Delivery delivery;
    change(delivery);
    return !carries(verified(), needs, delivery);
  };
  EXPECT_TRUE(refused_with([](Delivery& d) { d.tls = TlsMode::required; }));
  EXPECT_TRUE(refused_with([](Delivery& d) { d.tls = TlsMode::off; }));
  EXPECT_TRUE(refused_with([](Delivery& d) { d.tls_options.ca_file = "/other"; }));
  EXPECT_TRUE(refused_with([](Delivery& d) { d.tls_options.certificate = "/mine"; }));
  EXPECT_TRUE(refused_with([](Delivery& d) { d.auth.user = "me"; }));
  EXPECT_TRUE(refused_with([](Delivery& d) { d.sources = {*parse_source_address("192.0.2.1 out.example")}; }));
  EXPECT_FALSE(refused_with([](Delivery& d) { d.messages_per_connection_max = 1; }));
}

TEST(ConnectionFitness, SourcesDifferByAddressAndByTheNameInEhlo) {
  Delivery a;
  Delivery b;
  a.sources = {*parse_source_address("192.0.2.1 out1.example")};
  b.sources = a.sources;
  EXPECT_TRUE(Way::of(a).is_of(b));
  b.sources = {*parse_source_address("192.0.2.2 out1.example")};
  EXPECT_FALSE(Way::of(a).is_of(b));
  b.sources = {*parse_source_address("192.0.2.1 out2.example")};
  EXPECT_FALSE(Way::of(a).is_of(b));
}

TEST(ConnectionFitness, AnEnforcedPolicyWantsACertificateThatIsGoodForTheHost) {
  EXPECT_TRUE(carries(verified(), {enforced("mx1.example")}));
  EXPECT_FALSE(carries(standing(), {enforced("mx1.example")}));
  EXPECT_FALSE(carries(verified("dane-ee"), {enforced("mx1.example")}));  // which no authority has signed
  EXPECT_FALSE(carries(verified("dane-ta"), {enforced("mx1.example")}));
  Standing for_another_name = verified();
  for_another_name.server_name = "a.example";
  EXPECT_FALSE(carries(for_another_name, {enforced("mx1.example")}));
  Standing clear = verified();
  clear.encrypted = false;
  EXPECT_FALSE(carries(clear, {enforced("mx1.example")}));
}

TEST(ConnectionFitness, AHostOutsideThePolicyWillNotDoHoweverGood) {
  HostNeeds host = enforced("mx1.example");
  host.closed = true;
  EXPECT_FALSE(carries(verified(), {host}));
}

TEST(ConnectionFitness, APolicyInTestingKeepsOthersAwayAndStopsNothingOfItsOwn) {
  HostNeeds host = at("mx1.example");
  host.on_trial = true;
  EXPECT_TRUE(carries(verified(), {host}));
  EXPECT_FALSE(carries(standing(), {host}));
  Standing own = standing();
  own.opened_for = ours;
  EXPECT_TRUE(carries(own, {host}));
  host.closed_on_trial = true;
  EXPECT_FALSE(carries(verified(), {host}));
  EXPECT_TRUE(carries(own, {host}));
}

TEST(ConnectionFitness, ItsOwnConnectionIsJudgedByWhatIsAskedNow) {
  Standing own = standing();
  own.opened_for = ours;
  EXPECT_TRUE(carries(own, {at("mx1.example")}));
  EXPECT_FALSE(carries(own, {enforced("mx1.example")}));  // the policy is a new one
}

TEST(ConnectionFitness, AnnouncedRecordsWantTheSameRecords) {
  using Usage = DaneAssociation::Usage;
  Standing connection = verified("dane-ee");
  connection.dane = announced(Usage::end_entity).dane;
  EXPECT_TRUE(carries(connection, {announced(Usage::end_entity)}));
  EXPECT_FALSE(carries(connection, {announced(Usage::end_entity, "another digest")}));
  EXPECT_FALSE(carries(verified("pkix"), {announced(Usage::end_entity)}));  // which nobody held against them
  EXPECT_FALSE(carries(standing(), {announced(Usage::end_entity)}));
  connection.server_name = "alias.example";
  EXPECT_FALSE(carries(connection, {announced(Usage::end_entity)}));
}

TEST(ConnectionFitness, ADomainWithoutDnssecIsContentWithAConnectionThatDaneVerified) {
  Standing connection = verified("dane-ee");
  connection.dane = announced(DaneAssociation::Usage::end_entity).dane;
  EXPECT_TRUE(carries(connection, {at("mx1.example")}));
}

TEST(ConnectionFitness, UnderAnAnnouncedAuthorityTheCertificateMustStandForANameOfThisDomain) {
  const HostNeeds host = announced(DaneAssociation::Usage::trust_anchor);
  Standing connection = verified("dane-ta");
  connection.dane.associations = host.dane.associations;
  connection.dane.names = {"mx1.example", "a.example"};
  EXPECT_TRUE(carries(connection, {host}));
  connection.certificate_names = {"a.example"};  // good for whom it was opened for, and for nobody else
  EXPECT_FALSE(carries(connection, {host}));
  connection.certificate_names = {"b.example"};
  EXPECT_TRUE(carries(connection, {host}));
  connection.certificate_names = {"*.example"};
  EXPECT_FALSE(carries(connection, {host}));
  connection.certificate_names.clear();
  EXPECT_FALSE(carries(connection, {host}));
}

TEST(ConnectionFitness, RecordsThatNobodyCanUseWantTls) {
  HostNeeds host = at("mx1.example");
  host.encrypted = true;
  EXPECT_TRUE(carries(standing(), {host}));
  Standing clear = standing();
  clear.encrypted = false;
  EXPECT_FALSE(carries(clear, {host}));
}

TEST(ConnectionFitness, WhatAHandshakeHasShownIsLearned) {
  Standing connection;
  connection.learn(nullptr);
  EXPECT_FALSE(connection.encrypted);
  tls::ConnectionInfo info;
  info.peer_verified = true;
  info.peer_proof = "pkix";
  info.peer_dns_names = {"mx1.example"};
  connection.learn(&info);
  EXPECT_TRUE(connection.encrypted);
  EXPECT_EQ(connection.proof, "pkix");
  EXPECT_EQ(connection.certificate_names, info.peer_dns_names);
}

}  // namespace
}  // namespace ringpost::relay
