// Somebody who has proved who they are, and what they may send as. Made by the account store when a login succeeds,
// kept by the session, read by policy.
//
// Standards: RFC 4954 (authentication identity), RFC 6409 6.1 (enforced submission rights).
#pragma once

#include <string>
#include <vector>

namespace ringpost::mail {

struct Identity {
  std::string login;         // as the account is named, after SASLprep
  std::string display_name;  // empty: none known. Others may not show it as theirs
  // Addresses the login may use: "ann@example.com", "*@example.com", "ann+*@example.com", or "group:NAME".
  std::vector<std::string> addresses;
  bool operator==(const Identity&) const = default;
};

}  // namespace ringpost::mail
