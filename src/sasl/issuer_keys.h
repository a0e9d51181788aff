// Where an issuer's keys come from, a file or a URL, and what is known of them. A file is read again when it has
// changed; a set behind a URL is asked for at first use, then hourly, and when a token names a key that is not in it
// (issuers rotate keys), but never more often than once a minute (five seconds while there are none), whatever tokens
// strangers invent, and by one thread at a time. An issuer that is down leaves its last keys in use for a day.
//
// Any thread, from many at once. Waits for a disk or a network.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "lookup/http_client.h"
#include "sasl/jwk_set.h"

namespace ringpost::sasl {

/// Keys stay alive as long as the set is held.
using IssuerKeySet = std::shared_ptr<const std::vector<IssuerKey>>;

class IssuerKeys {
 public:
  virtual ~IssuerKeys() = default;
  /// A set with candidates for such a token where there are any. Errors: unavailable (no keys were ever read, they are
  /// too old, or another thread is fetching them just now).
  virtual Result<IssuerKeySet> find(std::string_view key_id, crypto::SignatureScheme scheme) = 0;
};

/// Reads the file. Errors: not_found, too_large, invalid, with the path.
Result<std::unique_ptr<IssuerKeys>> issuer_keys_in_file(const std::string& path);

using MonotonicClock = std::function<MonotonicTime()>;
/// Asks nobody yet.
std::unique_ptr<IssuerKeys> issuer_keys_at_url(std::string url, lookup::HttpFunction http, MonotonicClock clock);

}  // namespace ringpost::sasl
