// NTLM, version 2 only, as a server: for printers and applications that speak nothing better. The account must keep its
// password readable for it; version 1 and LM answers are refused, as their keys are broken in minutes.
//
// Standards: MS-NLMP, MS-SMTPNTLM.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "account/store.h"
#include "base/clock.h"
#include "sasl/mechanism.h"

namespace ringpost::sasl {

Result<Maker> prepare_ntlm(const ServerContext& context);

/// `store` outlives it. `domain` and `hostname` as DNS names.
std::unique_ptr<ServerExchange> make_ntlm_exchange(account::Store& store, std::string domain, std::string hostname,
                                                   std::function<WallTime()> clock = WallTime::now);

}  // namespace ringpost::sasl
