// OAUTHBEARER and XOAUTH2 as a server: the token says who it is, and the account of that name must exist. A refusal
// takes one more round: the client first hears why in JSON, and answers with next to nothing.
//
// Standards: RFC 7628.
#pragma once

#include <memory>

#include "account/store.h"
#include "sasl/mechanism.h"
#include "sasl/oauth_message.h"
#include "sasl/token_verifier.h"

namespace ringpost::sasl {

/// Each with a verifier of its own for the configured issuers. Errors: invalid (no issuer at all, or one that is not
/// complete), not_found (a key file).
Result<Maker> prepare_oauthbearer(const ServerContext& context);
Result<Maker> prepare_xoauth2(const ServerContext& context);

/// `verifier` and `store` outlive it.
std::unique_ptr<ServerExchange> make_oauth_exchange(TokenVerifier& verifier, account::Store& store,
                                                    OauthDialect dialect);

}  // namespace ringpost::sasl
