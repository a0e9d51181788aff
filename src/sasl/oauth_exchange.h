// OAUTHBEARER and XOAUTH2 as a server: the token says who it is, and the account of that name must exist. A refusal takes
// one more round: the client first hears why in JSON, and answers with next to nothing.
//
// Standards: RFC 7628.
#pragma once

#include <memory>

#include "account/store.h"
#include "sasl/oauth_message.h"
#include "sasl/server.h"
#include "sasl/token_verifier.h"

namespace ringpost::sasl {

/// `verifier` and `store` outlive it.
std::unique_ptr<ServerExchange> make_oauth_exchange(TokenVerifier& verifier, account::Store& store,
                                                    OauthDialect dialect);

}  // namespace ringpost::sasl
