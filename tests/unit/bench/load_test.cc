// The load generator and the sink against each other, over the loopback interface.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/load_and_sink.h"
#include "bench/load_report.h"

namespace ringpost::bench {
namespace {

using std::chrono::milliseconds;

TEST_F(LoadAndSink, EveryMessageArrivesOnceWithEveryOctet) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.sessions = 7;
  options.messages_per_session = 30;
  options.sizes = *SizeMix::parse("1KiB:5,40KiB:2,300KiB:1");
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(report->tally.accepted.value(), 210U);
  EXPECT_EQ(report->tally.sessions.value(), 7U);
  EXPECT_EQ(counts().messages.value(), 210U);
  EXPECT_EQ(counts_->octets.value(), report->tally.octets.value());
  EXPECT_EQ(counts_->connections.value(), 7U);
  EXPECT_EQ(sink_->deliveries().tokens, 210U);
  EXPECT_EQ(sink_->deliveries().duplicates, 0U);
  EXPECT_EQ(sink_->deliveries().without_token, 0U);
}

TEST_F(LoadAndSink, ChunksAndSingleCommandsCarryTheSameMail) {
  for (const bool pipelining : {true, false}) {
    for (const bool bdat : {true, false}) {
      start(counting_sink());
      LoadOptions options = load_to(*sink_);
      options.messages = 20;
      options.pipelining = pipelining;
      options.bdat = bdat;
      options.recipients_per_message = 3;
      options.recipients = {"user{n}@a.example"};
      const auto report = run(options);
      EXPECT_TRUE(report->flawless(options)) << to_text(*report);
      EXPECT_EQ(report->tally.phase(Phase::mail).count(), 20U);
      EXPECT_EQ(report->tally.phase(Phase::data).count(), bdat ? 0U : 20U);
      EXPECT_EQ(counts().recipients.value(), 60U);
      EXPECT_EQ(counts_->octets.value(), 20U * 10 * 1024);
      EXPECT_EQ(sink_->deliveries().tokens, 20U);
    }
  }
}

TEST_F(LoadAndSink, OneMessageASessionMeansAsManyConnections) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.sessions = 5;
  options.messages = 41;
  options.messages_per_session = 1;
  options.sources = *parse_source_addresses("127.0.0.2-127.0.0.4");
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(counts().connections.value(), 41U);
  EXPECT_EQ(counts_->messages.value(), 41U);
}

TEST_F(LoadAndSink, ThreadsShareTheWork) {
  SinkOptions sink = counting_sink();
  sink.threads = 2;
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.threads = 2;
  options.sessions = 8;
  options.messages = 101;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(counts().messages.value(), 101U);
  EXPECT_EQ(sink_->deliveries().tokens, 101U);
}

TEST_F(LoadAndSink, RefusedRecipientsAreCountedByCode) {
  SinkOptions sink = counting_sink();
  ASSERT_TRUE(sink.faults.add_reply("rcpt:450 4.2.1 busy:user1@*"));
  ASSERT_TRUE(sink.faults.add_reply("dot:552 5.3.4 too big:user2@*"));
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.recipients = {"user0@a.example", "user1@a.example", "user2@a.example"};
  options.messages = 9;
  const auto report = run(options);
  EXPECT_FALSE(report->flawless(options));
  EXPECT_EQ(report->tally.accepted.value(), 3U);
  EXPECT_EQ(report->tally.failed.value(), 6U);
  EXPECT_EQ(failures(*report, "rcpt 450"), 3U);
  EXPECT_EQ(failures(*report, "dot 552"), 3U);
  EXPECT_EQ(counts().messages.value(), 3U);
  EXPECT_EQ(counts_->connections.value(), 1U);
}

TEST_F(LoadAndSink, AMessageWithoutAReplyIsNotCountedByEitherSide) {
  SinkOptions sink = counting_sink();
  ASSERT_TRUE(sink.faults.add_disconnect("dot:50%"));
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.messages = 60;
  options.sessions = 3;
  const auto report = run(options);
  EXPECT_GT(report->tally.accepted.value(), 0U);
  EXPECT_GT(failures(*report, "dot closed by the peer"), 0U) << to_text(*report);
  EXPECT_EQ(counts().messages.value(), report->tally.accepted.value());
  EXPECT_GT(counts_->hung_up.value(), 0U);
}

TEST_F(LoadAndSink, AnAbsentServerEndsTheLoadSoon) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  sink_.reset();
  options.messages = 1000;
  const auto report = run(options);
  EXPECT_FALSE(report->flawless(options));
  EXPECT_EQ(report->tally.accepted.value(), 0U);
  EXPECT_EQ(report->tally.failed.value(), 5U);
  EXPECT_EQ(report->not_sent, 995U);
}

TEST_F(LoadAndSink, AStallIsChargedToAllMessagesThatWereDueMeanwhile) {
  SinkOptions sink = counting_sink();
  ASSERT_TRUE(sink.faults.add_delay("dot:50ms"));
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.messages = 20;
  options.rate = 1000;  // all due within 20 ms, served one after the other in 1,000 ms
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_GE(report->tally.phase(Phase::message).max(), 900'000'000U);
  EXPECT_GE(report->tally.phase(Phase::message).quantile(0.5), 400'000'000U);
}

TEST_F(LoadAndSink, TheRateIsKept) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.sessions = 4;
  options.rate = 200;
  options.duration = milliseconds(500);
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(report->tally.accepted.value(), 100U);
}

TEST_F(LoadAndSink, IdleSessionsStayWhileOthersWork) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.idle_sessions = 1500;  // more than there are receive buffers
  options.messages = 10;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(report->tally.idle.value(), 1500U);
  EXPECT_EQ(report->tally.accepted.value(), 10U);
}

TEST_F(LoadAndSink, EndsWhenEnoughWasAccepted) {
  SinkOptions sink = counting_sink();
  sink.stop_after = 12;
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.messages = 12;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  counts();
  EXPECT_EQ(enough_.load(), 1);
}

TEST_F(LoadAndSink, LmtpHasAReplyForEachRecipient) {
  SinkOptions sink = counting_sink();
  sink.lmtp = true;
  ASSERT_TRUE(sink.faults.add_reply("dot:550 5.2.2 full:full@*"));
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.lmtp = true;
  options.recipients = {"full@a.example", "anna@a.example"};
  options.recipients_per_message = 2;
  options.messages = 5;
  const auto report = run(options);
  EXPECT_EQ(failures(*report, "dot 550"), 5U);
  EXPECT_EQ(counts().messages.value(), 5U);
  EXPECT_EQ(counts_->recipients.value(), 5U);
}

TEST_F(LoadAndSink, ATrickleOfRepliesIsStillUnderstood) {
  SinkOptions sink = counting_sink();
  ASSERT_TRUE(sink.faults.set_tarpit("2000octets/s"));
  start(sink);
  LoadOptions options = load_to(*sink_);
  options.messages = 2;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_GE(report->tally.phase(Phase::session).max(), 150'000'000U);
}

TEST_F(LoadAndSink, StoredMessagesHaveTheOctetsThatWereSent) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "stored_by_sink";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const bool bdat : {false, true}) {
    SinkOptions sink = counting_sink();
    sink.store = folder;
    start(sink);
    LoadOptions options = load_to(*sink_);
    options.messages = 3;
    options.bdat = bdat;
    options.sizes = SizeMix(50'000);
    EXPECT_TRUE(run(options)->flawless(options));
    counts();
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(file), {}};
      EXPECT_EQ(entry.path().extension(), ".eml");
      EXPECT_EQ(content.size(), 50'000U);
      const MessageMaker maker(options.sizes, options.from.text(), options.helo, 0);
      EXPECT_TRUE(content.ends_with(maker.body(0)));
      ++files;
    }
    EXPECT_EQ(files, 3U);
  }
  std::filesystem::remove_all(folder);
}

TEST_F(LoadAndSink, SessionsWithoutMailSayHelloAndLeave) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.sessions = 3;
  options.without_mail = true;
  options.messages = 10;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(report->tally.sessions.value(), 10U);
  EXPECT_EQ(counts().connections.value(), 10U);
  EXPECT_EQ(counts_->messages.value(), 0U);
}

TEST_F(LoadAndSink, TheReportIsOneJsonObject) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.messages = 4;
  const auto json = nlohmann::json::parse(to_json(*run(options)));
  EXPECT_EQ(json["accepted"], 4);
  EXPECT_GT(json["messages_per_second"].get<double>(), 0);
  EXPECT_GT(json["latency_ms"]["p99"].get<double>(), 0);
  EXPECT_EQ(json["phases"]["accept"]["count"], 4);
  EXPECT_TRUE(json["errors"].empty());
}

}  // namespace
}  // namespace ringpost::bench
