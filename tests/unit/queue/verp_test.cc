#include "queue/verp.h"

#include <gtest/gtest.h>

namespace ringpost::queue {
namespace {

mail::Envelope from_list() {
  mail::Envelope envelope;
  envelope.reverse_path = {"news", "lists.example"};
  envelope.recipients = {{{"ann", "example.com"}, {}, ""}, {{"b c", "example.net"}, {}, ""}};
  return envelope;
}

TEST(Verp, RecipientStandsInTheReversePathOfListedSendersOnly) {
  Options options;
  EXPECT_EQ(reverse_path_for(options, from_list(), 0).text(), "news@lists.example");
  options.verp_senders = {"other@lists.example", "news@LISTS.example"};
  EXPECT_EQ(reverse_path_for(options, from_list(), 0).text(), "news+ann=example.com@lists.example");
  EXPECT_EQ(reverse_path_for(options, from_list(), 1).text(), "\"news+b c=example.net\"@lists.example");
  mail::Envelope bounce = from_list();
  bounce.reverse_path = {};
  EXPECT_FALSE(has_verp(options, bounce));
}

TEST(Verp, WhatDoesNotFitAPathStaysAsItWas) {
  Options options;
  options.verp_senders = {"news@lists.example"};
  mail::Envelope envelope = from_list();
  envelope.recipients[0].address.local = std::string(240, 'a');
  EXPECT_EQ(reverse_path_for(options, envelope, 0), envelope.reverse_path);
}

}  // namespace
}  // namespace ringpost::queue
