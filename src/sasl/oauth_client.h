// OAUTHBEARER and XOAUTH2 as a client: the token is sent at once, and a server that refuses it says why in a
// challenge of its own, which is answered with next to nothing.
//
// Standards: RFC 7628 3.2.3.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sasl/access_token.h"
#include "sasl/client.h"
#include "sasl/oauth_message.h"

namespace ringpost::sasl {

/// `mechanism` is OAUTHBEARER or XOAUTH2. May ask the token endpoint. Errors: not_found (a secret file, or another
/// mechanism), invalid (options), unavailable (token endpoint).
Result<std::unique_ptr<ClientExchange>> start_oauth_client(std::string_view mechanism, const ClientOptions& options,
                                                           const std::string& server_name);

/// The same with tokens from elsewhere than the process's own store; `tokens` outlives it.
Result<std::unique_ptr<ClientExchange>> make_oauth_client(const ClientOptions& options, OauthDialect dialect,
                                                          const std::string& server_name, AccessTokens& tokens);

}  // namespace ringpost::sasl
