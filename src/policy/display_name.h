// Nobody shows somebody else's name: names that are protected, and those of our accounts, found in what a reader of the
// message sees as its author. Also whatever in a name is there to deceive: an address that is not the mailbox's, forced
// writing direction, a charset we cannot read.
//
// A name is claimed by having its words side by side, in any order ("Lee, Ann"), as confusables.h reads them, or by
// being the whole of it with its blanks elsewhere ("AnnLee"). An account's name of one word is claimed only by the
// whole name, because there are many Anns.
//
// Read-only after its making, so all cores share it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mail/address.h"
#include "mail/identity.h"
#include "policy/confusables.h"

namespace ringpost::policy {

class DisplayNames {
 public:
  static constexpr std::size_t name_octets_max = 1000;  // decoded
  static constexpr std::size_t name_words_max = 64;
  static constexpr std::size_t window_words_max = 8;  // a longer name is claimed only as the whole

  struct Finding {
    std::string_view rule;  // empty: nothing
    std::string detail;
  };
  /// May this address stand in the name? Asked with its domain in lower case.
  using AddressAllowed = std::function<bool(const mail::Address&)>;

  /// `accounts`: display name and login.
  DisplayNames(const std::vector<std::string>& protected_names,
               const std::vector<std::pair<std::string, std::string>>& accounts);

  /// `name` as it stands in the header. `identity` nullptr: a stranger owns no name.
  Finding check(std::string_view name, const mail::Identity* identity, const AddressAllowed& allowed) const;

 private:
  struct Claim {
    std::string shown;
    std::vector<std::string> owners;  // logins
    bool inside_others = false;       // found between other words too
    bool is_protected = false;        // has more than owners behind it
  };
  using Claims = std::unordered_map<std::string, Claim>;

  void add(std::string_view name, std::string_view owner);
  Claim& claim(const std::string& key, std::string_view name);
  Finding check_claims(std::string_view text, const mail::Identity* identity) const;
  const Claim* find_foreign(const Words& words, const Words& own, std::string_view login) const;
  const Claim* foreign(const std::string& key, bool whole, std::string_view login) const;

  Claims claims_;
  std::size_t words_max_ = 0;  // of a name that counts inside others
};

}  // namespace ringpost::policy
