#include "policy/relay_access.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/text.h"

namespace ringpost::policy {

namespace {

constexpr std::size_t local_part_octets_max = 256;  // four times RFC 5321 4.5.3.1.1
constexpr std::size_t recipients_per_file_max = 5'000'000;

constexpr PublicStatus relaying_denied{550, {5, 7, 1}};
constexpr PublicStatus no_such_recipient{550, {5, 1, 1}};
constexpr PublicStatus bad_mailbox{553, {5, 1, 3}};

/// One local part a line; empty lines and lines that start with '#' are nothing.
Result<std::unordered_set<std::string>> read_recipients(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "cannot open the recipient file " + path);
  std::unordered_set<std::string> recipients;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const std::string_view local = trim(line);
    if (local.empty() || local.starts_with('#')) continue;
    const auto wrong = [&](std::string_view why) {
      return fail(ErrorKind::invalid, path + " line " + std::to_string(number) + ": " + std::string(why));
    };
    if (local.size() > local_part_octets_max) return wrong("longer than a local part may be");
    if (std::ranges::any_of(local, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
      return wrong("control characters in a local part");
    if (recipients.size() == recipients_per_file_max) return wrong("too many recipients in one file");
    recipients.insert(to_lower(local));
  }
  if (file.bad()) return fail(ErrorKind::io, "cannot read the recipient file " + path);
  return recipients;
}

/// Sender-specified routing: user%foreign, host!user, "user@foreign".
bool routes_onward(std::string_view local) noexcept {
  return local.find_first_of("%!@") != std::string_view::npos;
}

/// Could leave the directory of its domain, or hide in it, when it becomes part of a path.
bool unsafe_as_file_name(std::string_view local) noexcept {
  return local.starts_with('.') || std::ranges::any_of(local, [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

}  // namespace

Result<RelayAccess> RelayAccess::create(const RelayOptions& options, std::string hostname) {
  RelayAccess access;
  access.hostname_ = to_lower(hostname);
  access.trusted_ = options.trusted_networks;
  access.trusted_certificates_ = options.trusted_certificates;
  for (const DomainOptions& wanted : options.domains) {
    Domain domain;
    domain.in_files = wanted.deliver.starts_with("maildir:");
    if (wanted.recipients.starts_with("file:")) {
      auto recipients = read_recipients(wanted.recipients.substr(5));
      if (!recipients) return propagate(recipients);
      domain.any_recipient = false;
      domain.recipients = std::move(*recipients);
    } else if (wanted.recipients != "*") {
      return fail(ErrorKind::invalid, "recipients of " + wanted.name + ": expected \"*\" or \"file:PATH\"");
    }
    access.domains_.emplace_back(to_lower(wanted.name), std::move(domain));
  }
  const auto by_name = &std::pair<std::string, Domain>::first;
  std::ranges::sort(access.domains_, {}, by_name);
  const auto twice = std::ranges::adjacent_find(access.domains_, {}, by_name);
  if (twice != access.domains_.end())
    return fail(ErrorKind::invalid, "domain " + twice->first + " is configured twice");
  access.postmaster_domain_ = access.is_local(access.hostname_) || options.domains.empty()
                                  ? access.hostname_
                                  : to_lower(options.domains.front().name);
  return access;
}

const RelayAccess::Domain* RelayAccess::find(std::string_view domain) const noexcept {
  const auto at =
      std::ranges::lower_bound(domains_, domain, {}, [](const auto& d) { return std::string_view(d.first); });
  return at != domains_.end() && at->first == domain ? &at->second : nullptr;
}

bool RelayAccess::is_local(std::string_view domain) const noexcept {
  return find(domain) != nullptr;
}

std::vector<std::string> RelayAccess::local_domains() const {
  std::vector<std::string> names;
  for (const auto& [name, domain] : domains_) names.push_back(name);
  return names;
}

bool RelayAccess::is_trusted(const ClientIdentity& client) const noexcept {
  if (client.hands_over || !client.login.empty() || any_contains(trusted_, client.address)) return true;
  return !client.certificate.empty() &&
         std::ranges::find(trusted_certificates_, client.certificate) != trusted_certificates_.end();
}

Result<mail::Address> RelayAccess::check_recipient(const ClientIdentity& client, mail::Address recipient) const {
  if (recipient.local.empty()) return fail(ErrorKind::invalid, "a recipient needs a local part", bad_mailbox);
  // A trailing dot makes a name absolute, not foreign (RFC 1034 3.1).
  if (recipient.domain.ends_with('.')) recipient.domain.pop_back();
  if (recipient.domain.ends_with('.')) return fail(ErrorKind::invalid, "empty label in the domain", bad_mailbox);
  std::ranges::transform(recipient.domain, recipient.domain.begin(), ascii_lower);

  const bool postmaster = iequals(recipient.local, "postmaster");
  if (recipient.domain.empty() && !postmaster)
    return fail(ErrorKind::invalid, "a recipient needs a domain", bad_mailbox);
  if (postmaster && (recipient.domain.empty() || recipient.domain == hostname_)) recipient.domain = postmaster_domain_;

  const Domain* domain = find(recipient.domain);
  if (domain == nullptr) {
    if (is_trusted(client)) return recipient;
    return fail(ErrorKind::refused, "relaying denied", relaying_denied);
  }
  if (postmaster) return recipient;  // RFC 5321 4.5.1: reachable in every domain of ours
  if (!domain->any_recipient && domain->recipients.contains(to_lower(recipient.local))) return recipient;
  if (routes_onward(recipient.local))
    return fail(ErrorKind::refused, "sender-specified routing denied", relaying_denied);
  if (!domain->any_recipient || (domain->in_files && unsafe_as_file_name(recipient.local)))
    return fail(ErrorKind::not_found, "no such recipient here", no_such_recipient);
  return recipient;
}

}  // namespace ringpost::policy
