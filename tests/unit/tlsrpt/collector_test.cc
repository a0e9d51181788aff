#include "tlsrpt/collector.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "relay/fake_dns.h"
#include "support/run_on_reactor.h"
#include "support/temporary_directory.h"
#include "tlsrpt/sender.h"

namespace ringpost::tlsrpt {
namespace {

using io::Task;
using testing::ElementsAre;
using testing::Key;

class CollectorOf : public testing::Test {
 protected:
  const test::TemporaryDirectory directory_;
  std::string folder_ = directory_.path() + "/tlsrpt";
};

std::shared_ptr<const Options> enabled(bool yes) {
  return std::make_shared<const Options>(
      Options{.enabled = yes, .organization = "O", .contact = "a@b.example", .from = {}, .ca_file = {}});
}

void publish(test::FakeDns& dns, const std::string& domain) {
  const std::string text = "v=TLSRPTv1; rua=mailto:a@" + domain;
  dns.add("_smtp._tls." + domain, dns::RecordType::txt, static_cast<char>(text.size()) + text);
}

TEST_F(CollectorOf, SessionsWritesThoseOfDomainsThatAskForReports) {
  test::run_on_reactor(
      [](io::Reactor& reactor, std::string& folder) -> Task<> {
        std::filesystem::create_directories(folder);
        io::OffloadPool helpers(1, 16);
        test::FakeDns dns;
        publish(dns, "wants.example");
        dns.breaks("_smtp._tls.sick.example");
        Reports reports("h.example", folder, enabled(true));
        Collector collector(reactor, dns, helpers, reports);
        collector.start();
        const Day today = Day::of(WallTime::now());
        for (const char* domain : {"wants.example", "silent.example", "sick.example", "wants.example"})
          collector.note({domain, {}, {}});
        for (int i = 0; i < 100 && reports.journal.read(today).tally.empty(); ++i)
          co_await io::Sleep(reactor, io::Deadline::after(std::chrono::milliseconds(100)), io::Cancel::never());
        EXPECT_THAT(reports.journal.read(today).tally.domains(),
                    ElementsAre(Key("sick.example"), Key("wants.example")));
        const int asked = dns.asked;
        for (const char* domain : {"wants.example", "silent.example"}) collector.note({domain, {}, {}});
        co_await collector.close();
        EXPECT_EQ(dns.asked, asked) << "one question a day";
        const Tally all = reports.journal.read(today).tally;
        EXPECT_EQ(all.domains().at("wants.example").at(Policy{}).successes, 3U);
        EXPECT_FALSE(all.domains().contains("silent.example"));
      },
      folder_);
}

TEST_F(CollectorOf, SessionsWritesNothingWhereReportsAreNotEnabled) {
  test::run_on_reactor(
      [](io::Reactor& reactor, std::string& folder) -> Task<> {
        std::filesystem::create_directories(folder);
        io::OffloadPool helpers(1, 16);
        test::FakeDns dns;
        Reports reports("h.example", folder, enabled(false));
        Collector collector(reactor, dns, helpers, reports);
        collector.start();
        collector.note({"wants.example", {}, {}});
        co_await collector.close();
        EXPECT_FALSE(std::filesystem::exists(folder + "/tlsrpt"));
        EXPECT_FALSE(reports.show("", "").has_value());
        reports.options.set(enabled(true));
        collector.note({"wants.example", {}, {}});
        co_await collector.close();
        EXPECT_TRUE(std::filesystem::exists(folder + "/tlsrpt"));
        EXPECT_FALSE(reports.show("yesterday", "").has_value());
        const auto shown = reports.show("", "wants.example");
        EXPECT_TRUE(shown && shown->contains("no-policy-found"));
      },
      folder_);
}

TEST(Sender, IsDueAtATimeOfItsOwnForEachDomainInTheHoursAfterMidnight) {
  constexpr Day day{20'000};
  std::set<std::int64_t> times;
  for (int i = 0; i < 100; ++i) {
    const WallTime due = Sender::due(day, "d" + std::to_string(i) + ".example", "h.example");
    EXPECT_EQ(due, Sender::due(day, "d" + std::to_string(i) + ".example", "h.example"));
    EXPECT_GE(due - day.end(), std::chrono::minutes(1));
    EXPECT_LE(due - day.end(), std::chrono::hours(4) + std::chrono::minutes(1));
    times.insert(due.milliseconds / 60'000);
  }
  EXPECT_GT(times.size(), 50U);
  EXPECT_NE(Sender::due(day, "d.example", "a.example"), Sender::due(day, "d.example", "b.example"));
}

}  // namespace
}  // namespace ringpost::tlsrpt
