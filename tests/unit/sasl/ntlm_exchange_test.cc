#include "sasl/ntlm_exchange.h"

#include <gtest/gtest.h>

#include <string>

#include "account_store_stub.h"
#include "sasl/ntlm_message.h"
#include "sasl/ntlm_proof.h"
#include "sasl/utf16.h"

namespace ringpost::sasl {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(value(hex[i]) << 4 | value(hex[i + 1]));
  return out;
}

std::string wide(std::string_view text) {
  return utf16le_from_utf8(text).value();
}

std::string number(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

constexpr WallTime now{1'700'000'000'000};
constexpr std::uint64_t now_in_file_time = (1'700'000'000'000ULL + 11'644'473'600'000ULL) * 10'000;
constexpr std::string_view signature("NTLMSSP\0", 8);

std::string negotiate(std::uint32_t flags = 0x00088207) {
  return std::string(signature) + number(1, 4) + number(flags, 4) + std::string(16, '\0');
}

// A client: what it answers to a challenge, with a switch for each thing that may be wrong.
struct Client {
  std::string user = "ann", domain{}, password = "secret";
  std::uint64_t time = now_in_file_time;
  std::uint32_t flags = 1;
  bool oem = false, mic = false, break_mic = false, leave_mic_out = false;
  std::string first = negotiate();

  std::string authenticate(const std::string& challenge) const {
    std::string blob = octets("0101000000000000") + number(time, 8) + std::string(8, '\xaa') + std::string(4, '\0');
    const std::string info =
        challenge.substr(static_cast<unsigned char>(challenge[44]) + 256UL * static_cast<unsigned char>(challenge[45]));
    blob += info.substr(0, info.size() - 4);
    if (mic) blob += number(6, 2) + number(4, 2) + number(2, 4);
    blob += std::string(8, '\0');
    const std::string key = ntlm_key(password, wide(user), wide(domain));
    const std::string proof = ntlm_proof(key, challenge.substr(24, 8), blob);
    std::string message = assemble(std::string(24, '\0'), proof + blob);
    if (mic && !leave_mic_out) {
      std::string sum = ntlm_mic(key, proof, first + challenge + message);
      if (break_mic) sum[0] = static_cast<char>(sum[0] ^ 1);
      message.replace(72, 16, sum);
    }
    return message;
  }

  std::string assemble(const std::string& lm, const std::string& nt) const {
    const std::string names[] = {oem ? domain : wide(domain), oem ? user : wide(user)};
    std::string head = std::string(signature) + number(3, 4), payload;
    const std::size_t header = mic && !leave_mic_out ? 88 : 64;
    for (const std::string& each : {lm, nt, names[0], names[1], std::string(), std::string()}) {
      head += number(each.size(), 2) + number(each.size(), 2) + number(header + payload.size(), 4);
      payload += each;
    }
    head += number(oem ? 2 : flags, 4);
    return head + std::string(header - 64, '\0') + payload;
  }
};

struct Fixture : testing::Test {
  StoreStub store;
  std::unique_ptr<ServerExchange> exchange =
      make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return now; });

  std::string start(const Client& client) {
    const Step step = exchange->step(client.first);
    EXPECT_EQ(step.kind, Step::Kind::challenge) << step.reason;
    return step.output;
  }
  Step run(const Client& client) { return exchange->step(client.authenticate(start(client))); }
  void expect_failure(const Client& client, Failure failure) {
    const Step step = run(client);
    EXPECT_EQ(step.kind, Step::Kind::failed);
    EXPECT_EQ(step.failure, failure) << step.reason;
  }
};
using NtlmExchange = Fixture;

TEST(Ntlm, VectorsOfTheSpecification) {
  const std::string blob = octets(
      "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00"
      "01000c005300650072007600650072000000000000000000");
  const std::string key = ntlm_key("Password", wide("User"), wide("Domain"));
  EXPECT_EQ(key, octets("0c868a403bfd7a93a3001ef22ef02e3f"));
  EXPECT_EQ(ntlm_proof(key, octets("0123456789abcdef"), blob), octets("68cd0ab851e51c96aabc927bebef6a1c"));
}

TEST(Ntlm, CapitalsAreThoseOfUnicode) {
  EXPECT_EQ(utf16le_capitals(wide("straße äöé ł я")), wide("STRAßE ÄÖÉ Ł Я"));
  EXPECT_EQ(utf16le_capitals(wide("\xf0\x90\x90\xa8")), wide("\xf0\x90\x90\xa8"));
}

TEST(Utf16, OnlyWholeCharacters) {
  EXPECT_EQ(utf8_from_utf16le(wide("a\u00fc\u20ac\U0001f600")), "a\u00fc\u20ac\U0001f600");
  for (const char* const hex : {"61", "00d8", "00dc", "00d86100", "00dc00d8"})
    EXPECT_FALSE(utf8_from_utf16le(octets(hex))) << hex;
  for (const char* const text : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"})
    EXPECT_FALSE(utf16le_from_utf8(text));
}

TEST_F(NtlmExchange, RightPasswordSucceedsWithAndWithoutMic) {
  store.add("ann", "secret");
  const Step step = run({});
  EXPECT_EQ(step.kind, Step::Kind::succeeded) << step.reason;
  EXPECT_EQ(step.identity.login, "ann");
  exchange = make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return now; });
  EXPECT_EQ(run({.mic = true}).kind, Step::Kind::succeeded);
}

TEST_F(NtlmExchange, FirstMessageMayComeLater) {
  store.add("ann", "secret");
  const Step step = exchange->step(std::nullopt);
  EXPECT_EQ(step.kind, Step::Kind::challenge);
  EXPECT_EQ(step.output, "");
  EXPECT_EQ(run({}).kind, Step::Kind::succeeded);
}

TEST_F(NtlmExchange, NamesWithoutUnicode) {
  store.add("ann", "secret");
  EXPECT_EQ(run({.oem = true, .first = negotiate(0x00000202)}).kind, Step::Kind::succeeded);
}

TEST_F(NtlmExchange, AccountIsFoundByItsNameOrWithItsDomain) {
  store.add("ann@example.com", "secret");
  EXPECT_EQ(run({.domain = "example.com"}).identity.login, "ann@example.com");
  exchange = make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return now; });
  EXPECT_EQ(run({.user = "ann@example.com"}).identity.login, "ann@example.com");
  exchange = make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return now; });
  EXPECT_EQ(run({.user = "example.com\\ann"}).identity.login, "ann@example.com");
}

TEST_F(NtlmExchange, WrongPasswordUnknownUserDisabledOrNoPasswordAreOneFailure) {
  store.add("ann", "secret");
  expect_failure({.password = "Secret"}, Failure::credentials);
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  expect_failure({.user = "bob"}, Failure::credentials);
  store.add("carl");
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  expect_failure({.user = "carl", .password = ""}, Failure::credentials);
  store.add("dora", "secret").enabled = false;
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  expect_failure({.user = "dora"}, Failure::credentials);
}

TEST_F(NtlmExchange, StoreThatIsDownIsUnavailable) {
  store.down = true;
  expect_failure({}, Failure::unavailable);
}

TEST_F(NtlmExchange, ClockMayBeHalfAnHourOff) {
  store.add("ann", "secret");
  constexpr std::uint64_t minute = 60ULL * 10'000'000;
  EXPECT_EQ(run({.time = now_in_file_time - 29 * minute}).kind, Step::Kind::succeeded);
  for (const std::uint64_t time : {now_in_file_time - 31 * minute, now_in_file_time + 31 * minute, 0UL, ~0UL}) {
    exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
    expect_failure({.time = time}, Failure::credentials);
  }
}

TEST_F(NtlmExchange, MicThatIsWrongOrMissingFails) {
  store.add("ann", "secret");
  expect_failure({.mic = true, .break_mic = true}, Failure::credentials);
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  expect_failure({.mic = true, .leave_mic_out = true}, Failure::credentials);
}

TEST_F(NtlmExchange, OldAnswersAreTooWeak) {
  store.add("ann", "secret");
  start({});
  const Step step = exchange->step(Client{}.assemble(std::string(24, 'x'), std::string(24, 'y')));
  EXPECT_EQ(step.failure, Failure::too_weak);
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  start({});
  EXPECT_EQ(exchange->step(Client{}.assemble(std::string(24, 'x'), "")).failure, Failure::too_weak);
}

TEST_F(NtlmExchange, EachChallengeIsAnother) {
  const std::string first = start({});
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  EXPECT_NE(first.substr(24, 8), start({}).substr(24, 8));
}

TEST_F(NtlmExchange, AnswerToAnotherChallengeFails) {
  store.add("ann", "secret");
  const std::string old = Client{}.authenticate(start({}));
  exchange = make_ntlm_exchange(store, "example.com", "mx.example.com", [] { return now; });
  start({});
  EXPECT_EQ(exchange->step(old).failure, Failure::credentials);
}

TEST_F(NtlmExchange, BrokenMessagesAreMalformed) {
  for (const std::string& first : {std::string("NTLMSSP"), std::string(signature) + number(3, 4) + number(1, 4),
                                   negotiate(0), std::string(9000, 'x'), negotiate().substr(0, 15)}) {
    exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
    EXPECT_EQ(exchange->step(first).failure, Failure::malformed);
  }
  exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
  const std::string good = Client{}.authenticate(start({}));
  const auto broken = [&](std::size_t at, const std::string& with) {
    return std::string(good).replace(at, with.size(), with);
  };
  for (const std::string& message :
       {good.substr(0, 63), broken(8, number(1, 4)), broken(24, number(0xffffffff, 4)),
        broken(24, number(good.size(), 4)), broken(24, number(0, 4)), broken(20, number(0xffff, 2)),
        broken(40, number(good.size() - 1, 4)), broken(36, number(3, 2)), broken(36, number(0, 2)), std::string()}) {
    exchange = make_ntlm_exchange(store, "", "mx", [] { return now; });
    start({});
    const Step step = exchange->step(message);
    EXPECT_EQ(step.kind, Step::Kind::failed);
    EXPECT_EQ(step.failure, Failure::malformed) << step.reason;
  }
}

TEST(NtlmResponse, PairsThatLeaveTheAnswerAreRefused) {
  std::string answer = std::string(16, 'p') + octets("0101000000000000") + std::string(20, '\0');
  EXPECT_TRUE(parse_ntlm_response(answer));
  EXPECT_FALSE(parse_ntlm_response(answer.substr(1)));
  EXPECT_FALSE(parse_ntlm_response(answer + number(1, 2) + number(5, 2) + "1234"));
  EXPECT_FALSE(parse_ntlm_response(std::string(16, 'p') + octets("0201") + std::string(26, '\0')));
  EXPECT_TRUE(parse_ntlm_response(answer + number(6, 2) + number(4, 2) + number(2, 4))->has_mic);
  EXPECT_FALSE(parse_ntlm_response(answer + number(0, 4) + number(6, 2) + number(4, 2) + number(2, 4))->has_mic);
}

}  // namespace
}  // namespace ringpost::sasl
