#include "policy/sender_login.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "mail/encoded_word.h"
#include "mail/mailbox_list.h"
#include "policy/address_pattern.h"
#include "policy/confusables.h"
#include "policy/display_name.h"
#include "policy/sender_groups.h"

namespace ringpost::policy {

namespace {

using mail::OriginatorField;
using mail::OriginatorFields;

constexpr std::size_t detail_octets_max = 256;
constexpr std::size_t names_judged_max = 32;  // of one message; a reader is shown one

/// The rules that are asked of each kind of field, in the order of OriginatorField::Kind.
struct FieldRules {
  std::string_view not_yours, unreadable, twice;
};
constexpr std::array<FieldRules, 4> field_rules = {{
    {"from-not-yours", "from-unreadable", "from-twice"},
    {"sender-not-yours", "sender-unreadable", "sender-twice"},
    {"resent-from-not-yours", "resent-from-unreadable", {}},  // a message may be resent more than once
    {"resent-sender-not-yours", "resent-sender-unreadable", {}},
}};

const FieldRules& rules_of(OriginatorField::Kind kind) noexcept {
  return field_rules[static_cast<std::size_t>(kind)];
}

std::size_t count_of(const OriginatorFields& fields, OriginatorField::Kind kind) noexcept {
  return static_cast<std::size_t>(std::ranges::count(fields.fields, kind, &OriginatorField::kind));
}

/// Without what stands in comments; those that have no end are left.
std::string without_comments(std::string_view text) {
  std::string out;
  std::size_t depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) out.push_back(c);
    if (c == ')' && depth > 0) --depth;
  }
  return depth == 0 ? out : std::string(text);
}

/// What is found, one of each rule, those that refuse in front.
class Verdicts {
 public:
  void add(std::string_view rule, std::string_view detail, Enforcement enforcement) {
    if (rule.empty() || enforcement == Enforcement::off) return;
    const auto same = [&](const SenderVerdict& v) { return v.rule == rule && v.enforcement == enforcement; };
    if (std::ranges::any_of(found_, same)) return;
    found_.push_back({rule, std::string(detail.substr(0, detail_octets_max)), enforcement});
  }
  std::vector<SenderVerdict> take() {
    std::ranges::stable_partition(found_, &SenderVerdict::refused);
    return std::move(found_);
  }

 private:
  std::vector<SenderVerdict> found_;
};

}  // namespace

class SenderLoginImpl final : public SenderLogin {
 public:
  SenderLoginImpl(const SenderOptions& options, const RelayAccess& access, SenderGroups groups,
                  const std::vector<std::pair<std::string, std::string>>& names)
      : options_(options), access_(access), groups_(std::move(groups)), names_(options.protected_names, names) {
    for (const std::string& domain : access.local_domains()) {
      local_texts_.push_back(fold_text(domain));
      local_domains_.insert(canonical_domain(domain));
    }
  }

  SenderVerdict check_envelope(const ClientIdentity& client, const mail::Identity* identity,
                               const mail::Address& reverse_path) const override;
  bool wants_header(const ClientIdentity& client, const mail::Identity* identity) const override;
  std::vector<SenderVerdict> check_header(const ClientIdentity& client, const mail::Identity* identity,
                                          const OriginatorFields& fields) const override;

 private:
  /// The addresses of a login, ready to be asked.
  struct Rights {
    std::vector<AddressPattern> patterns;
    std::vector<const std::vector<AddressPattern>*> groups;
  };

  Rights rights_of(const mail::Identity& identity) const;
  bool may_use(const Rights& rights, const mail::Address& address) const;
  bool is_ours(std::string_view canonical) const { return local_domains_.contains(std::string(canonical)); }
  bool is_exempt(const ClientIdentity& client) const;
  bool may_hide_our_domain(std::string_view value) const;

  void check_login(const mail::Identity& identity, const OriginatorFields& fields, Verdicts& verdicts) const;
  void check_stranger(const OriginatorFields& fields, Verdicts& verdicts) const;
  void check_names(const mail::Identity* identity, const OriginatorFields& fields, Verdicts& verdicts) const;

  const SenderOptions options_;
  const RelayAccess& access_;  // outlives this
  SenderGroups groups_;
  DisplayNames names_;
  std::unordered_set<std::string> local_domains_;  // canonical
  std::vector<std::string> local_texts_;           // as they may be spelled in a text
};

SenderLoginImpl::Rights SenderLoginImpl::rights_of(const mail::Identity& identity) const {
  constexpr std::string_view group = "group:";
  Rights rights;
  // A login that is an address is one its user may send as.
  if (auto own = AddressPattern::parse(identity.login); own && !identity.login.contains('*'))
    rights.patterns.push_back(std::move(*own));
  for (const std::string& address : identity.addresses) {
    if (address.starts_with(group)) {
      const auto* members = groups_.find(std::string_view(address).substr(group.size()));
      if (members != nullptr) rights.groups.push_back(members);
    } else if (auto pattern = AddressPattern::parse(address)) {
      rights.patterns.push_back(std::move(*pattern));
    }
  }
  return rights;
}

bool SenderLoginImpl::may_use(const Rights& rights, const mail::Address& address) const {
  const std::string domain = canonical_domain(address.domain);
  const bool ours = is_ours(domain);
  const auto matches = [&](const AddressPattern& pattern) { return pattern.matches(address, domain, ours); };
  return std::ranges::any_of(rights.patterns, matches) ||
         std::ranges::any_of(rights.groups, [&](const auto* group) { return std::ranges::any_of(*group, matches); });
}

/// Who did not log in and may use our domains all the same.
bool SenderLoginImpl::is_exempt(const ClientIdentity& client) const {
  return access_.is_trusted({client.address, {}, client.certificate}) ||
         any_contains(options_.local_domains_from, client.address);
}

SenderVerdict SenderLoginImpl::check_envelope(const ClientIdentity& client, const mail::Identity* identity,
                                              const mail::Address& reverse_path) const {
  if (reverse_path.is_null()) return {};
  if (identity != nullptr) {
    if (options_.envelope == Enforcement::off || may_use(rights_of(*identity), reverse_path)) return {};
    return {"envelope-not-yours", reverse_path.text().substr(0, detail_octets_max), options_.envelope};
  }
  if (!options_.local_domains_require_auth || !is_ours(canonical_domain(reverse_path.domain)) || is_exempt(client))
    return {};
  return {"local-domain-without-auth", reverse_path.text().substr(0, detail_octets_max), Enforcement::enforce};
}

bool SenderLoginImpl::wants_header(const ClientIdentity& client, const mail::Identity* identity) const {
  if (options_.display_name == Enforcement::off) {
    if (identity != nullptr) return options_.header != Enforcement::off;
    if (!options_.local_domains_require_auth) return false;
  }
  return identity != nullptr || !is_exempt(client);
}

std::vector<SenderVerdict> SenderLoginImpl::check_header(const ClientIdentity& client, const mail::Identity* identity,
                                                         const OriginatorFields& fields) const {
  if (!wants_header(client, identity)) return {};
  Verdicts verdicts;
  if (identity != nullptr) {
    check_login(*identity, fields, verdicts);
  } else if (options_.local_domains_require_auth) {
    check_stranger(fields, verdicts);
  }
  if (options_.display_name != Enforcement::off) check_names(identity, fields, verdicts);
  return verdicts.take();
}

void SenderLoginImpl::check_login(const mail::Identity& identity, const OriginatorFields& fields,
                                  Verdicts& verdicts) const {
  using Kind = OriginatorField::Kind;
  const Enforcement enforcement = options_.header;
  if (enforcement == Enforcement::off) return;
  if (fields.malformed) verdicts.add("header-malformed", {}, enforcement);
  if (fields.overflow) verdicts.add("header-too-long", {}, enforcement);
  if (count_of(fields, Kind::from) == 0) verdicts.add("from-missing", {}, enforcement);
  for (const Kind kind : {Kind::from, Kind::sender})
    if (count_of(fields, kind) > 1) verdicts.add(rules_of(kind).twice, {}, enforcement);
  const Rights rights = rights_of(identity);
  for (const OriginatorField& field : fields.fields) {
    const auto list = mail::parse_mailbox_list(field.value);
    if (!list) {
      verdicts.add(rules_of(field.kind).unreadable, list.error().reason, enforcement);
      continue;
    }
    if (field.kind == Kind::from && list->mailboxes.empty()) verdicts.add("from-missing", {}, enforcement);
    for (const mail::Mailbox& mailbox : list->mailboxes)
      if (!may_use(rights, mailbox.address))
        verdicts.add(rules_of(field.kind).not_yours, mailbox.address.text(), enforcement);
  }
}

void SenderLoginImpl::check_stranger(const OriginatorFields& fields, Verdicts& verdicts) const {
  if (fields.malformed) verdicts.add("header-malformed", {}, Enforcement::enforce);
  if (fields.overflow) verdicts.add("header-too-long", {}, Enforcement::enforce);
  for (const OriginatorField& field : fields.fields) {
    const auto list = mail::parse_mailbox_list(field.value);
    if (!list) {
      if (may_hide_our_domain(field.value))
        verdicts.add(rules_of(field.kind).unreadable, list.error().reason, Enforcement::enforce);
      continue;
    }
    for (const mail::Mailbox& mailbox : list->mailboxes)
      if (is_ours(canonical_domain(mailbox.address.domain)))
        verdicts.add("local-domain-without-auth", mailbox.address.text(), Enforcement::enforce);
  }
}

/// Whether any reader could find a domain of ours in a field that we cannot read: with and without its comments, as it
/// stands and decoded, whatever stands between the letters.
bool SenderLoginImpl::may_hide_our_domain(std::string_view value) const {
  for (const std::string& variant : {std::string(value), without_comments(value)}) {
    const mail::DecodedText decoded = mail::decode_words(variant);
    if (decoded.unknown_charset) return true;
    for (const std::string_view text : {std::string_view(variant), std::string_view(decoded.text)}) {
      std::string folded = fold_text(text);
      std::erase_if(folded, [](char c) { return c == ' ' || c == '"' || c == '\\'; });
      const auto has = [&](const std::string& domain) { return folded.contains(domain); };
      if (std::ranges::any_of(local_texts_, has) || std::ranges::any_of(local_domains_, has)) return true;
    }
  }
  return false;
}

void SenderLoginImpl::check_names(const mail::Identity* identity, const OriginatorFields& fields,
                                  Verdicts& verdicts) const {
  const Rights rights = identity != nullptr ? rights_of(*identity) : Rights{};
  std::size_t judged = 0;
  const auto judge = [&](std::string_view name, const mail::Address* beside) {
    if (name.empty()) return;
    if (++judged > names_judged_max) return verdicts.add("display-name-too-long", {}, options_.display_name);
    const auto allowed = [&](const mail::Address& address) {
      const bool same = beside != nullptr && fold_local_part(beside->local) == fold_local_part(address.local) &&
                        canonical_domain(beside->domain) == canonical_domain(address.domain);
      return same || may_use(rights, address);
    };
    const DisplayNames::Finding finding = names_.check(name, identity, allowed);
    verdicts.add(finding.rule, finding.detail, options_.display_name);
  };
  for (const OriginatorField& field : fields.fields) {
    const auto list = mail::parse_mailbox_list(field.value);
    if (!list) continue;  // refused where anything rests on it
    for (const std::string& group : list->groups) judge(group, nullptr);
    for (const mail::Mailbox& mailbox : list->mailboxes) {
      judge(mailbox.display_name, &mailbox.address);
      for (const std::string& comment : mailbox.comments) judge(comment, &mailbox.address);
    }
  }
}

Result<std::unique_ptr<SenderLogin>> SenderLogin::create(const SenderOptions& options, const RelayAccess& access,
                                                         std::vector<std::pair<std::string, std::string>> names) {
  auto groups = options.groups.empty() ? Result<SenderGroups>(SenderGroups()) : SenderGroups::read(options.groups);
  if (!groups) return propagate(groups);
  return std::make_unique<SenderLoginImpl>(options, access, std::move(*groups), names);
}

}  // namespace ringpost::policy
