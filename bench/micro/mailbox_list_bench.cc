// What it costs to know who a message says it is from: the field parsed, its name judged, the whole of a header asked.
#include <benchmark/benchmark.h>

#include <string>

#include "mail/mailbox_list.h"
#include "policy/sender_login.h"

namespace {

using namespace ringpost;

void parse_one_mailbox(benchmark::State& state) {
  std::string_view value = " Ann Lee <ann.lee@mail.example.com>";
  for (auto _ : state) {
    benchmark::DoNotOptimize(value);
    auto list = mail::parse_mailbox_list(value);
    benchmark::DoNotOptimize(list);
  }
}
BENCHMARK(parse_one_mailbox);

void parse_a_difficult_mailbox(benchmark::State& state) {
  std::string_view value =
      "\r\n =?utf-8?q?Ann?= \"Q. \\\"Lee\\\"\" (of (the) office)\r\n <@a.example:\"ann lee\"@mail.example.com>";
  for (auto _ : state) {
    benchmark::DoNotOptimize(value);
    auto list = mail::parse_mailbox_list(value);
    benchmark::DoNotOptimize(list);
  }
}
BENCHMARK(parse_a_difficult_mailbox);

/// As many accounts as the argument says; the login has three addresses.
void check_header_of_a_login(benchmark::State& state) {
  policy::RelayOptions relay;
  relay.domains = {{.name = "example.com"}};
  const auto access = policy::RelayAccess::create(relay, "mx.example.com");
  std::vector<std::pair<std::string, std::string>> names;
  for (int i = 0; i < state.range(0); ++i)
    names.emplace_back("Person Number " + std::to_string(i), "user" + std::to_string(i));
  const auto policy = policy::SenderLogin::create({}, *access, std::move(names));
  const mail::Identity identity{
      .login = "ann@example.com", .display_name = "Ann Lee", .addresses = {"ann+*@example.com", "a.lee@example.com"}};
  const policy::ClientIdentity client{{}, identity.login};
  const mail::OriginatorFields fields{.fields = {{mail::OriginatorField::Kind::from, " Ann Lee <a.lee@example.com>"}}};
  for (auto _ : state) {
    auto verdicts = (*policy)->check_header(client, &identity, fields);
    benchmark::DoNotOptimize(verdicts);
  }
}
BENCHMARK(check_header_of_a_login)->Arg(10)->Arg(10'000);

}  // namespace
