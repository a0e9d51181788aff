// AUTH over a connection, with a peer that follows a script.
#include "sasl/smtp_authenticate.h"

#include "base/base64.h"
#include "smtp/client_talk.h"

namespace ringpost::sasl {
namespace {

using smtp::Deadline;
using smtp::greet;
using smtp::greeted;
using smtp::Reactor;
using smtp::ScriptedPeer;
using smtp::soon;
using smtp::Task;
using testing::HasSubstr;

/// Says what it was given, in turn; challenges are kept.
class ScriptedExchange final : public ClientExchange {
 public:
  std::optional<std::string> initial;
  std::vector<std::string> responses;  // where they end, step() fails
  bool content = true;                 // finish()
  std::vector<std::string> challenges;

  std::string_view mechanism() const noexcept override { return "SCRIPT"; }
  const std::optional<std::string>& initial_response() const noexcept override { return initial; }
  Result<std::string> step(std::string_view challenge) override {
    challenges.emplace_back(challenge);
    if (challenges.size() > responses.size()) return fail(ErrorKind::refused, "this makes no sense");
    return responses[challenges.size() - 1];
  }
  Result<void> finish() override {
    if (!content) return fail(ErrorKind::refused, "no proof");
    return {};
  }
};

const test::Step hello{"EHLO c.example\r\n", "250-hi\r\n250 AUTH SCRIPT\r\n"};
const test::Step cancelled{"*\r\n", "501 5.7.0 cancelled\r\n"};

struct Case {
  ScriptedExchange exchange;
  test::Script script;  // behind EHLO
  std::optional<Result<smtp::Reply>> result;
  std::string heard;  // of the peer, behind EHLO
  bool usable = false;
  bool with_helpers = false;
};

void run(Case& c) {
  c.script.insert(c.script.begin(), {greet, hello});
  test::run_on_reactor(
      [](Reactor& reactor, Case& given) -> Task<> {
        io::OffloadPool helpers(1, 8);
        ScriptedPeer peer(reactor, {given.script});
        auto client = co_await greeted(reactor, peer);
        if (given.with_helpers) {
          given.result = co_await authenticate(*client, given.exchange, helpers, soon(), io::Cancel::never());
        } else {
          given.result = co_await authenticate(*client, given.exchange, soon(), io::Cancel::never());
        }
        given.usable = client->usable();
        co_await client->close();
        co_await peer.stop();
        given.heard = peer.all_heard();
        given.heard.erase(0, given.heard.find("\r\n") + 2);
      },
      c);
  ASSERT_TRUE(c.result.has_value());
}

TEST(SmtpAuthenticate, SaysTheInitialResponseWithAuth) {
  Case c{.exchange = {}, .script = {{"\r\n", "235 2.7.0 welcome\r\n"}}, .result = {}, .heard = ""};
  c.exchange.initial = "hello";
  run(c);
  EXPECT_EQ(c.heard, "AUTH SCRIPT aGVsbG8=\r\n");
  ASSERT_TRUE(c.result->has_value());
  EXPECT_EQ((*c.result)->code(), 235);
}

TEST(SmtpAuthenticate, AServerThatRepeatsOurLoginIsNotQuoted) {
  for (const std::string reply : {"535 5.7.8 no: AHVzAHNlY3JldA==\r\n", "535-5.7.8 no\r\n535 5.7.8 'secret'\r\n",
                                  "AUTH SCRIPT AHVzAHNlY3JldA==\r\n", "535 5.7.8 us: no\r\n"}) {
    Case c{.exchange = {}, .script = {{"\r\n", reply}}, .result = {}, .heard = ""};
    c.exchange.initial = std::string("\0us\0secret", 10);
    run(c);
    EXPECT_EQ(c.heard, "AUTH SCRIPT AHVzAHNlY3JldA==\r\n");
    const std::string words = *c.result ? (*c.result)->one_line() : c.result->error().reason;
    EXPECT_THAT(words, testing::AnyOf("535 5.7.8 us: no", HasSubstr("left out"), HasSubstr("no reply")));
    EXPECT_THAT(words, testing::Not(testing::AnyOf(HasSubstr("AHVzAHNlY3JldA"), HasSubstr("secret"))));
  }
}

TEST(SmtpAuthenticate, AnEmptyInitialResponseIsAnEqualsSign) {
  Case c{.exchange = {}, .script = {{"\r\n", "535 5.7.8 no\r\n"}}, .result = {}, .heard = ""};
  c.exchange.initial = "";
  run(c);
  EXPECT_EQ(c.heard, "AUTH SCRIPT =\r\n");
  EXPECT_EQ((*c.result)->code(), 535);
}

TEST(SmtpAuthenticate, AnswersChallengesAndEmptyOnes) {
  for (const bool helpers : {false, true}) {
    Case c{
        .exchange = {},
        .script = {{"AUTH SCRIPT\r\n", "334 VXNlcm5hbWU6\r\n"}, {"dXNlcg==\r\n", "334 \r\n"}, {"\r\n", "235 ok\r\n"}},
        .result = {},
        .heard = ""};
    c.with_helpers = helpers;
    c.exchange.responses = {"user", ""};
    run(c);
    EXPECT_EQ(c.heard, "AUTH SCRIPT\r\ndXNlcg==\r\n\r\n");
    EXPECT_THAT(c.exchange.challenges, testing::ElementsAre("Username:", ""));
    EXPECT_EQ((*c.result)->code(), 235);
  }
}

TEST(SmtpAuthenticate, AnInitialResponseThatDoesNotFitWaitsForTheChallenge) {
  for (const std::size_t octets : {372U, 373U}) {  // 496 and 500 characters behind "AUTH SCRIPT "
    const std::string response(octets, 'x');
    Case c{.exchange = {},
           .script = {{"\r\n", octets == 372 ? "235 ok\r\n" : "334 \r\n"}, {"\r\n", "235 ok\r\n"}},
           .result = {},
           .heard = ""};
    c.exchange.initial = response;
    run(c);
    const std::string between = octets == 372 ? " " : "\r\n";
    EXPECT_EQ(c.heard, "AUTH SCRIPT" + between + base64_encode(response) + "\r\n");
    EXPECT_TRUE(c.exchange.challenges.empty());
    EXPECT_EQ((*c.result)->code(), 235);
  }
}

TEST(SmtpAuthenticate, CancelsWhatMakesNoSense) {
  for (const char* challenge : {"334 not base64!\r\n", "334-YQ==\r\n334 YQ==\r\n", "334 YQ==\r\n"}) {
    SCOPED_TRACE(challenge);
    Case c{.exchange = {}, .script = {{"\r\n", challenge}, cancelled}, .result = {}, .heard = ""};
    run(c);
    EXPECT_EQ(c.heard, "AUTH SCRIPT\r\n*\r\n");
    ASSERT_FALSE(c.result->has_value());
    EXPECT_EQ(c.result->error().kind, ErrorKind::refused);
    EXPECT_TRUE(c.usable);
  }
}

TEST(SmtpAuthenticate, ASuccessWithoutProofIsNone) {
  Case c{.exchange = {}, .script = {{"\r\n", "235 2.7.0 welcome\r\n"}}, .result = {}, .heard = ""};
  c.exchange.content = false;
  run(c);
  ASSERT_FALSE(c.result->has_value());
  EXPECT_EQ(c.result->error().kind, ErrorKind::refused);
}

TEST(SmtpAuthenticate, ChallengesEnd) {
  test::Script script;
  for (int i = 0; i < 11; ++i) script.push_back({"\r\n", "334 YQ==\r\n"});
  script.push_back(cancelled);
  Case c{.exchange = {}, .script = script, .result = {}, .heard = ""};
  c.exchange.responses.assign(100, "b");
  run(c);
  EXPECT_TRUE(c.heard.ends_with("*\r\n"));
  ASSERT_FALSE(c.result->has_value());
  EXPECT_EQ(c.result->error().kind, ErrorKind::refused);
}

TEST(SmtpAuthenticate, RefusalsAndLostConnectionsComeBack) {
  Case refused{.exchange = {}, .script = {{"\r\n", "504 5.5.4 unknown\r\n"}}, .result = {}, .heard = ""};
  run(refused);
  EXPECT_EQ((*refused.result)->code(), 504);
  Case lost{.exchange = {}, .script = {{"\r\n", "", true}}, .result = {}, .heard = ""};
  run(lost);
  ASSERT_FALSE(lost.result->has_value());
  EXPECT_EQ(lost.result->error().kind, ErrorKind::closed);
}

}  // namespace
}  // namespace ringpost::sasl
