// The file of address groups, so that a role ("support@", "billing@") is written once and given to many accounts as
// "group:NAME". A line is
//
//   NAME ":" ADDRESS *( "," ADDRESS )        addresses as in address_pattern.h; blanks do not matter
//
// Empty lines and lines that begin with '#' are nothing. A name is given once; groups hold no groups.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "policy/address_pattern.h"

namespace ringpost::policy {

class SenderGroups {
 public:
  static constexpr std::size_t addresses_max = 1'000'000;  // in all groups together

  SenderGroups() = default;
  /// Errors: not_found, io, invalid (with file and line).
  static Result<SenderGroups> read(const std::string& path);

  /// nullptr: no such group.
  const std::vector<AddressPattern>* find(std::string_view name) const;

 private:
  Result<void> take_line(std::string_view line);

  std::unordered_map<std::string, std::vector<AddressPattern>> groups_;
  std::size_t addresses_ = 0;
};

}  // namespace ringpost::policy
