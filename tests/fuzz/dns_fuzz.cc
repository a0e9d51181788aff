// What the DNS and the web server of a stranger's policy say: nothing that is read may be beyond its bounds, and what
// is kept on disk must read back as it was.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "dns/mail_exchanger.h"
#include "dns/tlsa.h"
#include "relay/dane.h"
#include "relay/sts_policy.h"
#include "relay/sts_store.h"

namespace {

using namespace ringpost;

void check_exchanger(std::string_view rdata) {
  const auto exchanger = dns::parse_mail_exchanger(rdata);
  if (!exchanger) return;
  RINGPOST_ASSERT(dns::parse_name(rdata.substr(2)) == exchanger->host);
  RINGPOST_ASSERT(exchanger->host.size() <= 253);
  RINGPOST_ASSERT(std::ranges::none_of(exchanger->host, [](char c) { return c <= ' ' || (c >= 'A' && c <= 'Z'); }));
}

void check_tlsa(std::string_view rdata) {
  const auto record = dns::parse_tlsa(rdata);
  const auto usable = relay::usable_associations({std::string(rdata), std::string(rdata)});
  RINGPOST_ASSERT(usable.size() == (record && record->usable() ? 1U : 0U));
  if (!record) return;
  RINGPOST_ASSERT(!record->data.empty() && record->data.size() + 3 == rdata.size());
}

void check_policy(std::string_view text) {
  const auto id = relay::parse_sts_records({std::string(text)});
  if (id) RINGPOST_ASSERT(!id->empty() && id->size() <= 32);
  static_cast<void>(relay::parse_stored("a.example", text));
  const auto policy = relay::parse_sts_policy(text);
  if (!policy) return;
  RINGPOST_ASSERT(policy->max_age <= relay::StsPolicy::age_max);
  for (const std::string& host : policy->hosts)
    RINGPOST_ASSERT(policy->allows(host.starts_with("*.") ? "x" + host.substr(1) : host));
  const relay::StoredSts stored{.id = "1a", .fetched = 7, .text = std::string(text), .policy = *policy};
  const auto again = relay::parse_stored("a.example", relay::stored_text("a.example", stored));
  RINGPOST_ASSERT(again && again->policy == *policy && again->id == "1a" && again->fetched == 7);
  RINGPOST_ASSERT(!relay::parse_stored("b.example", relay::stored_text("a.example", stored)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_exchanger(octets);
  check_tlsa(octets);
  check_policy(octets);
  return 0;
}
