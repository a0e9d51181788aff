// Whom an access token is for. A JSON Web Token of an issuer whose keys we have is verified here; any other token is
// shown to the issuers that are asked (introspection), which answer for it. A token that names an issuer goes to nobody
// else.
//
// Any thread, from many at once. May wait for a network. Standards: RFC 7519, 7662, 8725.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "lookup/http_client.h"
#include "sasl/options.h"

namespace ringpost::sasl {

struct TokenBearer {
  std::string login;  // what the login claim says
  std::string issuer;
};

/// What the outside is; a test puts in its own.
struct TokenWorld {
  lookup::HttpFunction http = [](const lookup::HttpRequest& request) { return lookup::http_request(request); };
  std::function<MonotonicTime()> clock = monotonic_now;
  std::function<WallTime()> wall_clock = WallTime::now;
};

class TokenVerifier {
 public:
  /// Reads key files; asks no network. Errors: invalid (an issuer without exactly one source), not_found, too_large.
  static Result<std::unique_ptr<TokenVerifier>> create(const std::vector<TokenIssuer>& issuers, Duration clock_skew,
                                                       TokenWorld world = {});
  virtual ~TokenVerifier() = default;

  /// Errors: refused (a token that is not good; the reason says why and does not quote it), unavailable.
  virtual Result<TokenBearer> verify(std::string_view token) = 0;
  /// What a client is told with a refusal (RFC 7628 3.2.2): the scope a token must have, and where the first issuer
  /// describes itself; empty: nothing.
  virtual std::string scope() const = 0;
  virtual std::string discovery() const = 0;
};

}  // namespace ringpost::sasl
