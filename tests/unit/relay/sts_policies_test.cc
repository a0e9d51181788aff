#include "relay/sts_policies.h"

#include <gmock/gmock.h>

#include <fstream>

#include "fake_dns.h"
#include "support/run_on_reactor.h"
#include "support/temporary_directory.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Reactor;
using io::Task;
using testing::ElementsAre;

const std::string enforced = "version: STSv1\nmode: enforce\nmx: mx.d.example\nmax_age: 86400\n";

// A worker's view of d.example, whose web server answers as the test says.
struct Fixture {
  Fixture(Reactor& its_reactor, std::string its_folder) : reactor(its_reactor), folder(std::move(its_folder)) {
    start();
    dns.address("mta-sts.d.example", "192.0.2.1");
  }
  // As after a restart.
  void start() {
    auto http = [this](const lookup::HttpRequest& request, const lookup::HttpLimits& limits) {
      asked.push_back(request.url);
      EXPECT_THAT(request.addresses, ElementsAre("192.0.2.1"));
      EXPECT_EQ(limits.ca_file, "ca");
      return answer;
    };
    policies = std::make_unique<StsPolicies>(reactor, resolver, helpers, folder, http);
  }
  void says(const std::string& id) {
    dns.forget("_mta-sts.d.example");
    const std::string text = "v=STSv1; id=" + id + ";";
    dns.add("_mta-sts.d.example", dns::RecordType::txt, static_cast<char>(text.size()) + text);
  }
  // The hosts of the policy in force; empty: none.
  Task<std::vector<std::string>> hosts() {
    auto policy = co_await policies->find("d.example", "ca", Cancel::never());
    EXPECT_TRUE(policy.has_value());
    if (!policy || !*policy) co_return std::vector<std::string>{};
    co_return (*policy)->hosts;
  }

  Reactor& reactor;
  const std::string folder;
  test::FakeDns dns;
  DnsResolver resolver{reactor, dns, "c.example"};
  io::OffloadPool helpers{1, 16};
  std::vector<std::string> asked;
  Result<lookup::HttpResponse> answer = lookup::HttpResponse{200, enforced};
  std::unique_ptr<StsPolicies> policies;
};

class StsPoliciesOf : public testing::Test {
 protected:
  template <class Story>
  void run(Story story) {
    test::run_on_reactor(
        [](Reactor& reactor, std::string& folder, Story& told) -> Task<> {
          Fixture here(reactor, folder);
          co_await told(here);
        },
        folder_, story);
  }
  const test::TemporaryDirectory directory_;
  std::string folder_ = directory_.path() + "/sts";
};

TEST_F(StsPoliciesOf, ADomainWithoutARecordAreNone) {
  run([](Fixture& here) -> Task<> {
    auto hosts = co_await here.hosts();
    EXPECT_THAT(hosts, ElementsAre());
    EXPECT_THAT(here.asked, ElementsAre());
  });
}

TEST_F(StsPoliciesOf, ADomainAreFetchedOnceForEachId) {
  run([](Fixture& here) -> Task<> {
    here.says("1");
    for (int i = 0; i < 2; ++i) {
      auto hosts = co_await here.hosts();
      EXPECT_THAT(hosts, ElementsAre("mx.d.example"));
    }
    EXPECT_THAT(here.asked, ElementsAre("https://mta-sts.d.example/.well-known/mta-sts.txt"));
    here.says("2");
    here.answer = lookup::HttpResponse{200, "version: STSv1\nmode: enforce\nmx: new.d.example\nmax_age: 86400\n"};
    auto hosts = co_await here.hosts();
    EXPECT_THAT(hosts, ElementsAre("new.d.example"));
  });
}

TEST_F(StsPoliciesOf, ADomainStayInForceWithoutDnsAndHttpAndOverARestart) {
  run([](Fixture& here) -> Task<> {
    here.says("1");
    auto hosts = co_await here.hosts();
    here.start();
    hosts = co_await here.hosts();
    EXPECT_THAT(hosts, ElementsAre("mx.d.example"));
    EXPECT_EQ(here.asked.size(), 1U);
    here.dns.breaks("_mta-sts.d.example");
    hosts = co_await here.hosts();
    EXPECT_THAT(hosts, ElementsAre("mx.d.example"));
    here.says("2");
    for (const auto& answer :
         {lookup::HttpResponse{404, ""}, lookup::HttpResponse{301, enforced}, lookup::HttpResponse{200, "<html>"}}) {
      here.start();
      here.answer = answer;
      hosts = co_await here.hosts();
      EXPECT_THAT(hosts, ElementsAre("mx.d.example"));
      hosts = co_await here.hosts();
    }
    EXPECT_EQ(here.asked.size(), 4U) << "one that cannot be had is not asked for again at once";
  });
}

TEST_F(StsPoliciesOf, ADomainThatCannotBeHadSayWhy) {
  run([](Fixture& here) -> Task<> {
    using tlsrpt::FailureKind;
    here.says("1");
    const auto status = lookup::HttpResponse{503, ""}, page = lookup::HttpResponse{200, "<html>"};
    for (const auto& [answer, problem] :
         {std::pair{Result<lookup::HttpResponse>(status), FailureKind::sts_policy_fetch_error},
          {Result<lookup::HttpResponse>(page), FailureKind::sts_policy_invalid},
          {fail(ErrorKind::unavailable, "a stranger", lookup::bad_server_certificate), FailureKind::sts_webpki_invalid},
          {fail(ErrorKind::unavailable, "nobody answers"), FailureKind::sts_policy_fetch_error}}) {
      here.start();
      here.answer = answer;
      auto hosts = co_await here.hosts();
      EXPECT_THAT(hosts, ElementsAre());
      EXPECT_EQ(here.policies->problem_of("d.example"), problem);
    }
    here.start();
    here.answer = lookup::HttpResponse{200, enforced};
    auto hosts = co_await here.hosts();
    EXPECT_EQ(here.policies->problem_of("d.example"), std::nullopt);
  });
}

TEST_F(StsPoliciesOf, ADomainExpire) {
  run([](Fixture& here) -> Task<> {
    here.says("1");
    here.answer = lookup::HttpResponse{200, "version: STSv1\nmode: enforce\nmx: mx.d.example\nmax_age: 0\n"};
    auto hosts = co_await here.hosts();
    EXPECT_THAT(hosts, ElementsAre());
  });
}

TEST(StsStore, AFileOfAnotherDomainOrABrokenOneIsNone) {
  const StoredSts stored{.id = "1", .fetched = 5, .text = enforced, .policy = *parse_sts_policy(enforced)};
  const std::string text = stored_text("d.example", stored);
  EXPECT_EQ(parse_stored("d.example", text)->policy, stored.policy);
  EXPECT_FALSE(parse_stored("e.example", text).has_value());
  EXPECT_FALSE(parse_stored("d.example", "").has_value());
  EXPECT_FALSE(parse_stored("d.example", "ringpost-sts 1 d.example 1 x\n" + enforced).has_value());
  EXPECT_FALSE(parse_stored("d.example", "ringpost-sts 1 d.example 1 5\n").has_value());
  EXPECT_TRUE(stored.expired(4)) << "a clock that was put back";
  EXPECT_FALSE(stored.expired(6));
  EXPECT_TRUE(stored.expired(5 + 86'400));
}

}  // namespace
}  // namespace ringpost::relay
