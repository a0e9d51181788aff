// Asking an issuer about a token, with a short memory: a client that logs in again and again asks once a minute. Only
// good answers are kept, under a digest of the token, and never longer than the token lives.
//
// Any thread, from many at once. Waits for a network. Standards: RFC 7662.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "lookup/http_client.h"
#include "sasl/claims.h"
#include "sasl/options.h"

namespace ringpost::sasl {

class Introspection {
 public:
  Introspection(TokenIssuer issuer, Duration clock_skew, lookup::HttpFunction http,
                std::function<WallTime()> wall_clock);

  const TokenIssuer& issuer() const noexcept { return issuer_; }
  /// The login. Errors: refused (the issuer does not know the token, or it is not for us), unavailable.
  Result<std::string> ask(std::string_view token);

 private:
  struct Answer {
    std::string login;
    WallTime good_until;
  };

  Result<Claims> ask_issuer(std::string_view token);
  std::optional<std::string> remembered(const std::string& key);
  void remember(const std::string& key, const Claims& claims);

  const TokenIssuer issuer_;
  const Duration clock_skew_;
  const lookup::HttpFunction http_;
  const std::function<WallTime()> wall_clock_;
  std::mutex mutex_;  // answers_
  std::unordered_map<std::string, Answer> answers_;
};

}  // namespace ringpost::sasl
