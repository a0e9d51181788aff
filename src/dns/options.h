// What the resolver is told. Filled by config/.
#pragma once

#include <string>
#include <vector>

namespace ringpost::dns {

struct Options {
  std::vector<std::string> servers;  // "address:port" of resolvers to ask; empty: those of /etc/resolv.conf
  std::string trust_anchor;          // file with the root's key; empty: nothing is validated
};

}  // namespace ringpost::dns
