// Access tokens for next hops that want one: a refresh token is exchanged for it at the token endpoint, and it is kept
// until shortly before it expires. An endpoint may hand out a new refresh token with it; that one is used from then on
// and written back to its file where that is possible, as the old one may be worth nothing any more. Whoever replaces
// the file is heeded at the next exchange.
//
// Any thread, from many at once; one exchange at a time for each file. Waits for a network.
// Standards: RFC 6749 6 (refreshing), 5.1 and 5.2 (answers), RFC 6819 5.2.2.3 (rotation).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/result.h"
#include "lookup/http_client.h"
#include "sasl/client.h"

namespace ringpost::sasl {

class AccessTokens {
 public:
  AccessTokens(lookup::HttpFunction http, std::function<MonotonicTime()> clock);
  /// The one of this process, which asks real endpoints.
  static AccessTokens& process();

  /// Errors: invalid (options without an endpoint), not_found (a secret file), unavailable.
  Result<std::string> get(const ClientOptions& options);
  /// The next hop did not take it: the next one is asked for, even if this one has not expired.
  void forget(const ClientOptions& options, const std::string& token);

 private:
  struct Entry {
    std::mutex mutex;  // all below; held while the endpoint is asked
    std::string token;
    MonotonicTime good_until{};
    std::string refresh_token;  // handed out in place of the one below
    std::string in_file;        // what the file held then
  };
  using Key = std::tuple<std::string, std::string, std::string>;  // endpoint, client, file

  std::shared_ptr<Entry> entry(const ClientOptions& options);
  Result<void> refresh(const ClientOptions& options, Entry& entry);
  Result<lookup::HttpResponse> ask(const ClientOptions& options, const std::string& refresh_token);

  const lookup::HttpFunction http_;
  const std::function<MonotonicTime()> clock_;
  std::mutex mutex_;  // entries_
  std::map<Key, std::shared_ptr<Entry>> entries_;
};

}  // namespace ringpost::sasl
