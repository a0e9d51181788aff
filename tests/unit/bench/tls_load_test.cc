// The load generator and the sink against each other over TLS.
#include <array>
#include <nlohmann/json.hpp>

#include "bench/load_and_sink.h"
#include "bench/load_report.h"
#include "bench/memory_file.h"
#include "bench/test_certificate.h"

namespace ringpost::bench {
namespace {

constexpr std::array encryptions{Encryption::starttls, Encryption::implicit};

class LoadAndSinkOverTls : public LoadAndSink {
 protected:
  SinkOptions encrypting_sink(Encryption encryption) {
    SinkOptions options = counting_sink();
    options.encryption = encryption;
    options.certificate = files_;
    return options;
  }
  LoadOptions encrypted_load(Encryption encryption) {
    LoadOptions options = load_to(*sink_);
    options.encryption = encryption;
    return options;
  }

  const MemoryFile certificate_ = *MemoryFile::create(test_certificate), key_ = *MemoryFile::create(test_key);
  const tls::CertificateFiles files_{.certificate = certificate_.path(), .key = key_.path(), .ocsp = ""};
};

TEST_F(LoadAndSinkOverTls, EveryMessageArrivesOnce) {
  for (const Encryption encryption : encryptions) {
    start(encrypting_sink(encryption));
    LoadOptions options = encrypted_load(encryption);
    options.sessions = 5;
    options.messages_per_session = 12;
    options.sizes = *SizeMix::parse("1KiB:5,40KiB:2,300KiB:1");
    const auto report = run(options);
    EXPECT_TRUE(report->flawless(options)) << to_text(*report);
    EXPECT_EQ(report->tally.phase(Phase::tls).count(), 5U);
    EXPECT_EQ(report->tally.full_handshakes.value(), 5U);
    EXPECT_EQ(counts().messages.value(), 60U);
    EXPECT_EQ(counts_->octets.value(), report->tally.octets.value());
    EXPECT_EQ(counts_->full_handshakes.value(), 5U);
    EXPECT_EQ(sink_->deliveries().tokens, 60U);
  }
}

TEST_F(LoadAndSinkOverTls, ChunksGoOverTlsToo) {
  start(encrypting_sink(Encryption::starttls));
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.messages = 20;
  options.bdat = true;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(counts().octets.value(), 20U * 10 * 1024);
}

TEST_F(LoadAndSinkOverTls, SessionsWithoutMailAreHandshakes) {
  for (const Encryption encryption : encryptions) {
    start(encrypting_sink(encryption));
    LoadOptions options = encrypted_load(encryption);
    options.sessions = 4;
    options.without_mail = true;
    options.messages = 30;
    const auto report = run(options);
    EXPECT_TRUE(report->flawless(options)) << to_text(*report);
    EXPECT_EQ(report->tally.sessions.value(), 30U);
    EXPECT_EQ(report->tally.accepted.value(), 0U);
    EXPECT_EQ(report->tally.full_handshakes.value(), 30U);
    EXPECT_EQ(report->tally.phase(Phase::session).count(), 30U);
    EXPECT_EQ(counts().connections.value(), 30U);
    EXPECT_EQ(counts_->messages.value(), 0U);
  }
}

TEST_F(LoadAndSinkOverTls, SessionsAreResumedWhereAskedFor) {
  for (const auto version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
    start(encrypting_sink(Encryption::starttls));
    LoadOptions options = encrypted_load(Encryption::starttls);
    options.without_mail = true;
    options.messages = 10;
    options.resume = true;
    options.tls_version = version;
    const auto report = run(options);
    EXPECT_TRUE(report->flawless(options)) << to_text(*report);
    EXPECT_EQ(report->tally.full_handshakes.value(), 1U);
    EXPECT_EQ(report->tally.resumed_handshakes.value(), 9U);
    EXPECT_EQ(counts().resumed_handshakes.value(), 9U);
  }
}

TEST_F(LoadAndSinkOverTls, TheVersionIsTheOneAskedFor) {
  for (const auto& [version, name] :
       {std::pair{tls::Version::tls_1_2, "TLSv1.2 "}, std::pair{tls::Version::tls_1_3, "TLSv1.3 "}}) {
    start(encrypting_sink(Encryption::implicit));
    LoadOptions options = encrypted_load(Encryption::implicit);
    options.messages = 1;
    options.tls_version = version;
    const auto report = run(options);
    EXPECT_TRUE(report->flawless(options)) << to_text(*report);
    ASSERT_EQ(report->tally.agreed().size(), 1U);
    EXPECT_TRUE(report->tally.agreed().begin()->first.starts_with(name)) << report->tally.agreed().begin()->first;
  }
}

TEST_F(LoadAndSinkOverTls, ACertificateIsVerifiedWhereThereIsAnAuthority) {
  for (const char* name : {"sink.server.example", "other.server.example"}) {
    start(encrypting_sink(Encryption::starttls));
    LoadOptions options = encrypted_load(Encryption::starttls);
    options.messages = 1;
    options.ca_file = files_.certificate;
    options.tls_name = name;
    const auto report = run(options);
    const bool right = options.tls_name == "sink.server.example";
    EXPECT_EQ(report->tally.accepted.value(), right ? 1U : 0U) << to_text(*report);
    EXPECT_EQ(failures(*report, "tls refused"), right ? 0U : 1U) << to_text(*report);
  }
}

TEST_F(LoadAndSinkOverTls, IdleSessionsHaveDoneTheirHandshake) {
  start(encrypting_sink(Encryption::starttls));
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.sessions = 0;
  options.idle_sessions = 100;
  const auto report = run(options);
  EXPECT_TRUE(report->flawless(options)) << to_text(*report);
  EXPECT_EQ(report->tally.idle.value(), 100U);
  EXPECT_EQ(counts().full_handshakes.value(), 100U);
}

TEST_F(LoadAndSinkOverTls, ASinkInClearTextIsAFailure) {
  start(counting_sink());
  LoadOptions options = load_to(*sink_);
  options.encryption = Encryption::starttls;
  options.messages = 1;
  const auto report = run(options);
  EXPECT_EQ(report->tally.accepted.value(), 0U);
  EXPECT_EQ(failures(*report, "starttls refused"), 1U) << to_text(*report);
}

TEST_F(LoadAndSinkOverTls, AClientInClearTextMaySendToASinkThatOnlyOffersTls) {
  start(encrypting_sink(Encryption::starttls));
  LoadOptions options = load_to(*sink_);
  options.messages = 3;
  EXPECT_TRUE(run(options)->flawless(options));
  EXPECT_EQ(counts().messages.value(), 3U);
  EXPECT_EQ(counts_->full_handshakes.value(), 0U);
}

TEST_F(LoadAndSinkOverTls, ClearTextWhereTlsIsDueIsCountedAsAFailedHandshake) {
  start(encrypting_sink(Encryption::implicit));
  // STARTTLS against TLS from the first octet: the client waits for a greeting, so it has to give up first.
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.messages = 1;
  options.reply_wait = std::chrono::milliseconds(200);
  const auto report = run(options);
  EXPECT_EQ(report->tally.accepted.value(), 0U);
  EXPECT_EQ(counts().handshakes_failed.value(), 1U);
}

TEST_F(LoadAndSinkOverTls, ARefusedStarttlsIsCountedByCode) {
  SinkOptions sink = encrypting_sink(Encryption::starttls);
  ASSERT_TRUE(sink.faults.add_reply("starttls:454 4.7.0 not now"));
  start(sink);
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.messages = 1;
  const auto report = run(options);
  EXPECT_EQ(failures(*report, "starttls 454"), 1U) << to_text(*report);
  EXPECT_EQ(counts().full_handshakes.value(), 0U);
}

TEST_F(LoadAndSinkOverTls, AServerThatOffersNoLoginIsAFailureOfIt) {
  start(encrypting_sink(Encryption::starttls));
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.messages = 1;
  options.auth.user = "anna";
  options.auth.password_file = files_.key;
  const auto report = run(options);
  EXPECT_EQ(failures(*report, "auth refused"), 1U) << to_text(*report);
}

TEST_F(LoadAndSinkOverTls, ACertificateThatCannotBeReadIsSaidAtTheStart) {
  SinkOptions options = encrypting_sink(Encryption::starttls);
  options.certificate.key = files_.certificate;
  const auto started = Sink(options, [] {}).start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().reason.find(files_.certificate), std::string::npos) << started.error().reason;
}

TEST_F(LoadAndSinkOverTls, TheReportTellsHandshakes) {
  start(encrypting_sink(Encryption::starttls));
  LoadOptions options = encrypted_load(Encryption::starttls);
  options.without_mail = true;
  options.messages = 4;
  const auto report = run(options);
  const auto json = nlohmann::json::parse(to_json(*report));
  EXPECT_EQ(json["tls"]["full"], 4);
  EXPECT_EQ(json["tls"]["resumed"], 0);
  EXPECT_GT(json["tls"]["per_second"].get<double>(), 0);
  EXPECT_EQ(json["tls"]["agreed"].size(), 1U);
  EXPECT_GT(json["phases"]["tls"]["p99"].get<double>(), 0);
  EXPECT_EQ(json["phases"]["auth"]["count"], 0);
  EXPECT_GT(json["sessions_per_second"].get<double>(), 0);
  EXPECT_GT(json["cpu"]["ms_per_session"].get<double>(), 0);
  const std::string text = to_text(*report);
  EXPECT_TRUE(text.starts_with("4 of 4 sessions in ")) << text;
  EXPECT_NE(text.find("handshakes: 4 full, 0 resumed, "), std::string::npos) << text;
}

}  // namespace
}  // namespace ringpost::bench
