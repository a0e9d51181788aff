#include "relay/sts_policy.h"

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"

namespace ringpost::relay {

namespace {

constexpr std::string_view version = "v=STSv1";
constexpr std::size_t id_octets_max = 32;
constexpr std::size_t age_digits_max = 10;

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The character strings of a TXT record, joined; empty: broken.
std::string joined(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const auto octets = static_cast<std::uint8_t>(rdata[0]);
    if (octets >= rdata.size()) return {};
    text += rdata.substr(1, octets);
    rdata.remove_prefix(octets + std::size_t{1});
  }
  return text;
}

bool is_version(std::string_view text) noexcept {
  if (!text.starts_with(version)) return false;
  return trim(text.substr(version.size())).starts_with(';');
}

/// "v=STSv1; id=...;", of which is_version() holds.
std::optional<std::string> id_of(std::string_view text) {
  for (text.remove_prefix(std::min(text.find(';'), text.size())); !text.empty();) {
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view field = trim(text.substr(0, end));
    text.remove_prefix(end);
    if (!field.starts_with("id=")) continue;
    const std::string_view id = field.substr(3);
    if (id.empty() || id.size() > id_octets_max || !std::ranges::all_of(id, is_alnum)) return std::nullopt;
    return std::string(id);
  }
  return std::nullopt;
}

std::optional<StsPolicy::Mode> mode_of(std::string_view text) noexcept {
  if (text == "enforce") return StsPolicy::Mode::enforce;
  if (text == "testing") return StsPolicy::Mode::testing;
  if (text == "none") return StsPolicy::Mode::none;
  return std::nullopt;
}

std::optional<std::chrono::seconds> age_of(std::string_view text) noexcept {
  if (text.empty() || text.size() > age_digits_max || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : text) seconds = seconds * 10 + (c - '0');
  return std::min(std::chrono::seconds(seconds), StsPolicy::age_max);
}

bool is_pattern(std::string_view text) {
  return mail::valid_domain(text.starts_with("*.") ? text.substr(2) : text, false);
}

/// One field after the other; of those that may stand once the first counts.
class PolicyReader {
 public:
  /// False: the policy is broken.
  bool take(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return trim(line).empty();
    const std::string_view name = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (name == "version" && !versioned_) return versioned_ = value == "STSv1";
    if (name == "mode" && !mode_) return (mode_ = mode_of(value)).has_value();
    if (name == "max_age" && !age_) return (age_ = age_of(value)).has_value();
    if (name != "mx") return true;
    if (!is_pattern(value)) return false;
    policy_.hosts.push_back(to_lower(value));
    return true;
  }
  std::optional<StsPolicy> finish() && {
    if (!versioned_ || !mode_ || !age_) return std::nullopt;
    if (*mode_ != StsPolicy::Mode::none && policy_.hosts.empty()) return std::nullopt;
    policy_.mode = *mode_;
    policy_.max_age = *age_;
    return std::move(policy_);
  }

 private:
  StsPolicy policy_;
  bool versioned_ = false;
  std::optional<StsPolicy::Mode> mode_;
  std::optional<std::chrono::seconds> age_;
};

}  // namespace

bool StsPolicy::allows(std::string_view host) const noexcept {
  const std::size_t dot = host.find('.');
  return std::ranges::any_of(hosts, [&](std::string_view pattern) {
    if (!pattern.starts_with("*.")) return pattern == host;
    return dot != std::string_view::npos && dot > 0 && pattern.substr(1) == host.substr(dot);
  });
}

std::optional<std::string> parse_sts_records(const std::vector<std::string>& records) {
  std::optional<std::string> found;
  for (const std::string& record : records) {
    std::string text = joined(record);
    if (!is_version(text)) continue;
    if (found) return std::nullopt;
    found = std::move(text);
  }
  return found ? id_of(*found) : std::nullopt;
}

std::optional<StsPolicy> parse_sts_policy(std::string_view text) {
  if (text.size() > StsPolicy::octets_max) return std::nullopt;
  PolicyReader reader;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!reader.take(line)) return std::nullopt;
  }
  return std::move(reader).finish();
}

}  // namespace ringpost::relay
