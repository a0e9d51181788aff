#include "policy/sender_groups.h"

#include <algorithm>
#include <fstream>

#include "base/text.h"

namespace ringpost::policy {

namespace {

bool is_group_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 100 &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace

Result<SenderGroups> SenderGroups::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "cannot open the groups file " + path);
  SenderGroups groups;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const std::string_view text = trim(line);
    if (text.empty() || text.starts_with('#')) continue;
    if (auto taken = groups.take_line(text); !taken)
      return fail(ErrorKind::invalid, path + " line " + std::to_string(number) + ": " + taken.error().reason);
  }
  if (file.bad()) return fail(ErrorKind::io, "cannot read the groups file " + path);
  return groups;
}

Result<void> SenderGroups::take_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fail(ErrorKind::invalid, "expected NAME: ADDRESS, ADDRESS ...");
  const std::string_view name = trim(line.substr(0, colon));
  if (!is_group_name(name))
    return fail(ErrorKind::invalid, "'" + printable(name, 64) + "' is no group name: letters, digits, '-', '_', '.'");
  std::vector<AddressPattern> addresses;
  for (std::string_view rest = line.substr(colon + 1);;) {
    const auto comma = rest.find(',');
    const std::string_view text = trim(rest.substr(0, comma));
    if (text.empty()) return fail(ErrorKind::invalid, "an address is missing");
    auto pattern = AddressPattern::parse(text);
    if (!pattern) return propagate(pattern);
    if (++addresses_ > addresses_max) return fail(ErrorKind::invalid, "too many addresses in one file");
    addresses.push_back(std::move(*pattern));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (!groups_.emplace(name, std::move(addresses)).second)
    return fail(ErrorKind::invalid, "group " + std::string(name) + " is there twice");
  return {};
}

const std::vector<AddressPattern>* SenderGroups::find(std::string_view name) const {
  const auto at = groups_.find(std::string(name));
  return at == groups_.end() ? nullptr : &at->second;
}

}  // namespace ringpost::policy
