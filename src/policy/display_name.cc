#include "policy/display_name.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/text.h"
#include "mail/encoded_word.h"

namespace ringpost::policy {

namespace {

/// The same for every order of the words.
std::string key_of(std::span<const std::string> words) {
  Words sorted(words.begin(), words.end());
  std::ranges::sort(sorted);
  std::string key;
  for (const std::string& word : sorted) key.append(key.empty() ? "" : " ").append(word);
  return key;
}

/// No key of words begins like this one.
std::string squeezed_key_of(const Words& words) {
  std::string key = "=";
  for (const std::string& word : words) key.append(word);
  return key;
}

bool is_address_octet(char c) noexcept {
  return is_alnum(c) || static_cast<unsigned char>(c) > 127 || std::string_view("!#$%&'*+-/=?^_`{|}~.").contains(c);
}
bool is_domain_octet(char c) noexcept {
  return is_alnum(c) || static_cast<unsigned char>(c) > 127 || c == '-' || c == '.';
}

/// The address around the '@' at `at`, blanks beside it not counted: "ann@example.com" in "ann @ example.com".
std::optional<mail::Address> address_around(std::string_view text, std::size_t at) {
  std::size_t local_end = at;
  while (local_end > 0 && text[local_end - 1] == ' ') --local_end;
  std::size_t local_begin = local_end;
  while (local_begin > 0 && is_address_octet(text[local_begin - 1])) --local_begin;
  std::size_t domain_begin = at + 1;
  while (domain_begin < text.size() && text[domain_begin] == ' ') ++domain_begin;
  std::size_t domain_end = domain_begin;
  while (domain_end < text.size() && is_domain_octet(text[domain_end])) ++domain_end;
  while (domain_end > domain_begin && text[domain_end - 1] == '.') --domain_end;
  const std::string_view domain = text.substr(domain_begin, domain_end - domain_begin);
  std::string_view local = text.substr(local_begin, local_end - local_begin);
  if (local.starts_with('\'')) local.remove_prefix(1);  // 'ann@example.com' in quotation marks of its own
  if (local.empty() || domain.find('.') == std::string_view::npos) return std::nullopt;
  return mail::Address{std::string(local), std::string(domain)};
}

}  // namespace

DisplayNames::DisplayNames(const std::vector<std::string>& protected_names,
                           const std::vector<std::pair<std::string, std::string>>& accounts) {
  for (const std::string& name : protected_names) add(name, {});
  for (const auto& [name, login] : accounts) add(name, login);
}

void DisplayNames::add(std::string_view name, std::string_view owner) {
  for (const Words& words : name_readings(name)) {
    if (words.empty()) continue;
    const bool inside = (owner.empty() || words.size() > 1) && words.size() <= window_words_max;
    Claim& by_words = claim(key_of(words), name);
    by_words.inside_others |= inside;
    if (inside) words_max_ = std::max(words_max_, words.size());
    for (Claim* one : {&by_words, &claim(squeezed_key_of(words), name)}) {
      if (owner.empty()) {
        one->is_protected = true;
      } else if (std::ranges::find(one->owners, owner) == one->owners.end()) {
        one->owners.emplace_back(owner);
      }
    }
  }
}

DisplayNames::Claim& DisplayNames::claim(const std::string& key, std::string_view name) {
  Claim& found = claims_[key];
  if (found.shown.empty()) found.shown = name;
  return found;
}

DisplayNames::Finding DisplayNames::check(std::string_view name, const mail::Identity* identity,
                                          const AddressAllowed& allowed) const {
  if (name.empty()) return {};
  const mail::DecodedText decoded = mail::decode_words(name);
  if (decoded.text.size() > name_octets_max) return {"display-name-too-long", {}};
  if (decoded.unknown_charset || decoded.damaged) return {"display-name-unreadable", decoded.text};
  if (has_direction_override(decoded.text)) return {"display-name-direction", decoded.text};
  const std::string folded = fold_text(decoded.text);
  for (std::size_t at = folded.find('@'); at != std::string::npos; at = folded.find('@', at + 1)) {
    const auto address = address_around(folded, at);
    if (address && !allowed(*address)) return {"display-name-address", address->local + "@" + address->domain};
  }
  return check_claims(decoded.text, identity);
}

DisplayNames::Finding DisplayNames::check_claims(std::string_view text, const mail::Identity* identity) const {
  if (claims_.empty()) return {};
  const auto readings = name_readings(text);
  const std::string_view login = identity != nullptr ? std::string_view(identity->login) : std::string_view();
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (readings[i].size() > name_words_max) return {"display-name-too-long", {}};
    const Claim* found = find_foreign(readings[i], {}, login);
    // Rarely needed, so made only here: a claim may lie within a longer name of one's own.
    if (found != nullptr && identity != nullptr)
      found = find_foreign(readings[i], name_readings(identity->display_name)[i], login);
    if (found != nullptr) return {"display-name-protected", found->shown};
  }
  return {};
}

/// A claim in `words` that `login` does not own; what lies within the login's own name is its own.
const DisplayNames::Claim* DisplayNames::find_foreign(const Words& words, const Words& own,
                                                      std::string_view login) const {
  const std::string own_key = key_of(own);
  const auto owned = [&](std::size_t begin, std::size_t count) {
    if (own.empty() || own.size() > words.size()) return false;
    const std::size_t last = std::min(begin, words.size() - own.size());
    for (std::size_t at = begin + count > own.size() ? begin + count - own.size() : 0; at <= last; ++at)
      if (count <= own.size() && key_of(std::span(words).subspan(at, own.size())) == own_key) return true;
    return false;
  };
  if (words.empty() || owned(0, words.size())) return nullptr;
  if (!own.empty() && squeezed_key_of(words) == squeezed_key_of(own)) return nullptr;
  if (const Claim* const whole = foreign(key_of(words), true, login)) return whole;
  if (const Claim* const squeezed = foreign(squeezed_key_of(words), true, login)) return squeezed;
  for (std::size_t count = 1; count <= std::min(words_max_, words.size()); ++count) {
    for (std::size_t begin = 0; begin + count <= words.size(); ++begin) {
      const Claim* const found = foreign(key_of(std::span(words).subspan(begin, count)), false, login);
      if (found != nullptr && !owned(begin, count)) return found;
    }
  }
  return nullptr;
}

const DisplayNames::Claim* DisplayNames::foreign(const std::string& key, bool whole, std::string_view login) const {
  const auto at = claims_.find(key);
  if (at == claims_.end() || !(whole || at->second.inside_others)) return nullptr;
  const auto& owners = at->second.owners;
  const bool mine = !login.empty() && std::ranges::find(owners, login) != owners.end();
  return mine ? nullptr : &at->second;
}

}  // namespace ringpost::policy
