#include "tlsrpt/sender.h"

#include <gmock/gmock.h>

#include <atomic>

#include "relay/fake_dns.h"
#include "support/one_shard_queue.h"
#include "support/run_on_reactor.h"
#include "support/temporary_directory.h"

namespace ringpost::tlsrpt {
namespace {

using io::Task;
using std::chrono::milliseconds;

// A day of sessions with a domain, a queue, and a web server that answers as the test says.
struct Office {
  Office(io::Reactor& its_reactor, std::string rua)
      : reactor(its_reactor), queue(reactor, {[](const auto&...) { return std::string("smtp://127.0.0.1:9"); }}) {
    rua = "v=TLSRPTv1; rua=" + rua;
    dns.add("_smtp._tls.d.example", dns::RecordType::txt, static_cast<char>(rua.size()) + rua);
    dns.address("r.d.example", "192.0.2.1");
    start();
  }
  // As after a restart.
  void start() {
    reports = std::make_unique<Reports>(
        "h.example", folder.path(),
        std::make_shared<const Options>(
            Options{.enabled = true, .organization = "O", .contact = "a@b.example", .from = {}, .ca_file = "ca"}));
    auto http = [this](const lookup::HttpRequest& request, const lookup::HttpLimits& limits) {
      EXPECT_EQ(request.url, "https://r.d.example/");
      EXPECT_EQ(request.content_type, "application/tlsrpt+gzip");
      EXPECT_THAT(request.addresses, testing::ElementsAre("192.0.2.1"));
      EXPECT_TRUE(request.body.starts_with("\x1f\x8b"));
      EXPECT_EQ(limits.ca_file, "ca");
      ++asked;
      return Result<lookup::HttpResponse>(lookup::HttpResponse{status, ""});
    };
    sender = std::make_unique<Sender>(queue.shard(), dns, helpers, *reports, http);
    sender->start();
  }
  void note(Day day, const std::string& domain = "d.example") {
    Tally tally;
    tally.add({domain, {}, {}});
    EXPECT_TRUE(reports->journal.append(day, tally));
  }
  Task<> pause(milliseconds time) { co_await io::Sleep(reactor, io::Deadline::after(time), io::Cancel::never()); }
  Task<bool> settles(Day day, std::string target) {
    for (int i = 0; i < 100 && !reports->journal.read(day).is_settled("d.example", target); ++i)
      co_await pause(milliseconds(100));
    co_return reports->journal.read(day).is_settled("d.example", target);
  }
  Task<bool> asks(int times) {
    for (int i = 0; i < 100 && asked < times; ++i) co_await pause(milliseconds(100));
    co_return asked >= times;
  }
  Task<> close() {
    co_await sender->close();
    co_await queue.shard().close();
  }

  io::Reactor& reactor;
  const test::TemporaryDirectory folder;
  io::OffloadPool helpers{1, 16};
  test::FakeDns dns;
  test::OneShardQueue queue;
  std::unique_ptr<Reports> reports;
  std::unique_ptr<Sender> sender;
  std::atomic<int> asked{0};
  std::atomic<int> status{503};
};

// The day that is just over, or, in the first hours of the next one, the day before: its report may not be due yet.
Day yesterday() {
  return {Day::of(WallTime::now()).number - 1};
}

TEST(SenderOf, AReportThatAWebServerDoesNotTakeIsSentAgainAndOneThatItHasTakenIsNot) {
  test::run_on_reactor([](io::Reactor& reactor) -> Task<> {
    Office here(reactor, "https://r.d.example/");
    const Day day = yesterday();
    here.note(day);
    EXPECT_TRUE(here.reports->order(day.text(), "d.example"));
    const bool asked = co_await here.asks(1);
    EXPECT_TRUE(asked);
    co_await here.pause(milliseconds(300));
    EXPECT_FALSE(here.reports->journal.read(day).is_settled("d.example", Journal::everything));
    here.status = 202;
    EXPECT_TRUE(here.reports->order(day.text(), ""));
    const bool settled = co_await here.settles(day, Journal::everything);
    EXPECT_TRUE(settled);
    EXPECT_TRUE(here.reports->journal.read(day).is_settled("d.example", "https://r.d.example/"));
    co_await here.sender->close();
    const int before = here.asked;
    here.start();
    EXPECT_TRUE(here.reports->order(day.text(), ""));
    co_await here.pause(milliseconds(2'500));
    EXPECT_EQ(here.asked, before);
    co_await here.close();
  });
}

TEST(SenderOf, AReportByMailIsAMessageInTheQueueAndTodaysSettlesNothing) {
  test::run_on_reactor([](io::Reactor& reactor) -> Task<> {
    Office here(reactor, "mailto:reports@d.example");
    const Day day = yesterday(), today{day.number + 1};
    here.note(day);
    here.note(today);
    EXPECT_TRUE(here.reports->order(day.text(), "d.example"));
    const bool settled = co_await here.settles(day, "mailto:reports@d.example");
    EXPECT_TRUE(settled);
    EXPECT_EQ(here.queue.gauges().messages, 1U);
    EXPECT_TRUE(here.reports->order(today.text(), ""));
    for (int i = 0; i < 50 && here.queue.gauges().messages < 2; ++i) co_await here.pause(milliseconds(100));
    EXPECT_EQ(here.queue.gauges().messages, 2U);
    co_await here.pause(milliseconds(200));
    EXPECT_TRUE(here.reports->journal.read(today).settled.empty());
    co_await here.close();
  });
}

TEST(SenderOf, AReportThatIsDueLeavesByItself) {
  const Day day = yesterday();
  if (Sender::due(day, "d.example", "h.example") > WallTime::now()) GTEST_SKIP() << "it is too early in the day";
  test::run_on_reactor([](io::Reactor& reactor) -> Task<> {
    Office here(reactor, "https://r.d.example/");
    here.status = 200;
    const Day over = yesterday();
    here.note(over);
    const bool settled = co_await here.settles(over, Journal::everything);
    EXPECT_TRUE(settled);
    EXPECT_EQ(here.asked, 1);
    co_await here.close();
  });
}

TEST(SenderOf, ADomainThatWantsNoReportAnyMoreIsDone) {
  test::run_on_reactor([](io::Reactor& reactor) -> Task<> {
    Office here(reactor, "https://r.d.example/");
    here.dns.forget("_smtp._tls.d.example");
    here.dns.breaks("_smtp._tls.sick.example");
    const Day day = yesterday();
    here.note(day);
    here.note(day, "sick.example");
    EXPECT_TRUE(here.reports->order(day.text(), ""));
    const bool settled = co_await here.settles(day, Journal::everything);
    EXPECT_TRUE(settled);
    EXPECT_EQ(here.asked, 0);
    EXPECT_FALSE(here.reports->journal.read(day).is_settled("sick.example", Journal::everything));
    co_await here.close();
  });
}

}  // namespace
}  // namespace ringpost::tlsrpt
