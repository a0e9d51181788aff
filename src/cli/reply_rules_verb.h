// `ringpost reply-rules [REPLY]`: the rules for next hops' refusals, or what they make of one.
#pragma once

#include <string>
#include <vector>

#include "relay/reply_rules.h"

namespace ringpost::cli {

/// `reply`: as the peer sent it, one line, or as it stands in the log; empty: list the rules.
int reply_rules(const std::vector<relay::ReplyRule>& configured, const std::string& reply);

}  // namespace ringpost::cli
