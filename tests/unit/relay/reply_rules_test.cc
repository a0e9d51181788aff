#include "relay/reply_rules.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

using smtp::Reply;

TEST(ReplyRules, RepliesThatSpeakOfRatesSlowUsDown) {
  const ReplyRules rules;
  for (const Reply& reply :
       {Reply(421, {4, 7, 0}, "Try again later, closing connection"), Reply(450, {4, 7, 28}, "unusual"),
        Reply(451, {4, 7, 1}, "Too Many Connections from your host"), Reply(452, {4, 4, 5}, "insufficient system"),
        Reply(451, {4, 7, 650}, "the mail server has been temporarily RATE LIMITed")}) {
    EXPECT_EQ(rules.advice(reply), Advice::slow_down) << reply.one_line();
  }
}

TEST(ReplyRules, OtherRefusalsMeanWhatTheirCodeSays) {
  const ReplyRules rules;
  for (const Reply& reply : {Reply(450, {4, 2, 0}, "Greylisted, try again in 300 s: too many messages from new hosts"),
                             Reply(450, {4, 2, 1}, "mailbox busy"), Reply(452, {4, 2, 2}, "over quota"),
                             Reply(550, {5, 1, 1}, "no such user"), Reply(550, {5, 7, 1}, "rate limit"),
                             Reply(250, {2, 0, 0}, "too fast"), Reply()}) {
    EXPECT_EQ(rules.advice(reply), Advice::as_code) << reply.one_line();
  }
}

TEST(ReplyRules, AnOperatorsRuleComesFirstAndEveryPartMustMatch) {
  const ReplyRules rules({{"421", "4.7", "Our Friend", Advice::as_code}, {"55", "", "", Advice::defer}});
  EXPECT_EQ(rules.advice(Reply(421, {4, 7, 0}, "hello, our FRIEND")), Advice::as_code);
  EXPECT_EQ(rules.advice(Reply(421, {4, 70, 0}, "hello, our friend")), Advice::slow_down);
  EXPECT_EQ(rules.advice(Reply(421, "our friend, without an enhanced code")), Advice::slow_down);
  EXPECT_EQ(rules.advice(Reply(554, {5, 7, 1}, "no")), Advice::defer);
  EXPECT_EQ(rules.advice(Reply(540, {5, 7, 1}, "no")), Advice::as_code);
}

}  // namespace
}  // namespace ringpost::relay
