// MTA-STS policies on disk, so that what a domain promised is kept over a restart: a file for each domain in one
// folder, replaced by a rename, written and read by all workers. Broken ones are none. Reads and writes files: for
// helper threads.
//
// A file: "ringpost-sts 1 DOMAIN ID FETCHED" (seconds since 1970), a line feed, and the policy as it was fetched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "relay/sts_policy.h"

namespace ringpost::relay {

struct StoredSts {
  std::string id;            // of the TXT record that it was fetched for
  std::int64_t fetched = 0;  // seconds since 1970
  std::string text;          // of the policy
  StsPolicy policy;          // the same, read

  bool expired(std::int64_t now) const noexcept { return now < fetched || now - fetched >= policy.max_age.count(); }
};

class StsStore {
 public:
  static constexpr std::size_t domains_max = 10'000;  // more are not kept on disk

  /// The folder is made when the first policy is written.
  explicit StsStore(std::string folder) : folder_(std::move(folder)) {}

  /// nullopt: none that is good.
  std::optional<StoredSts> read(const std::string& domain) const;
  /// Errors: io; unavailable (domains_max, and none of them expired).
  Result<void> write(const std::string& domain, const StoredSts& policy) const;

 private:
  std::string path_of(std::string_view domain) const;
  Result<void> make_room() const;

  const std::string folder_;
};

/// What stands in a file, and back; nullopt: broken, or another domain's.
std::string stored_text(std::string_view domain, const StoredSts& policy);
std::optional<StoredSts> parse_stored(std::string_view domain, std::string_view text);

}  // namespace ringpost::relay
