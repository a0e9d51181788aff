#include "relay/warm_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "relay/warm_up_plan.h"

namespace ringpost::relay {

namespace {

constexpr std::string_view mark = "ringpost-warm-up 1 ";
constexpr std::size_t reasons_max = 3;  // in one line

// FNV-1a, 64 bits: it stands in a file, so it must be the same in every build. http://www.isthe.com/chongo/tech/comp/fnv
std::uint64_t digest_of(const SourceAddress& source, const std::string& site) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto feed = [&hash](std::string_view octets) {
    for (const char c : octets) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  };
  feed(source.address.host());
  feed(" ");
  feed(site);
  return hash;
}

std::optional<std::uint32_t> allowed_to(const SourceAddress& source, WallTime now) noexcept {
  return source.warm_up == nullptr ? std::nullopt : source.warm_up->allowed(day_of(now));
}

template <class Number>
bool read_number(std::string_view text, Number& into, int base) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

// A clock that is set back a little does not begin yesterday again.
void WarmUp::Part::begin(std::int64_t today) {
  if (today == day || today == day - 1) return;
  day = today;
  sent.clear();
}

bool WarmUp::take(const SourceAddress& source, const std::string& site, WallTime now) {
  const auto allowed = allowed_to(source, now);
  if (!allowed) return true;
  const std::uint64_t digest = digest_of(source, site);
  Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  part.begin(day_of(now));
  const auto known = part.sent.find(digest);
  if (known == part.sent.end()) {
    if (*allowed > 0 && part.sent.size() < pairs_max / parts_count) part.sent.emplace(digest, 1);
    return *allowed > 0;
  }
  if (known->second >= *allowed) return false;
  ++known->second;
  return true;
}

void WarmUp::give_back(const SourceAddress& source, const std::string& site, WallTime now) {
  if (!allowed_to(source, now)) return;
  const std::uint64_t digest = digest_of(source, site);
  Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  part.begin(day_of(now));
  const auto known = part.sent.find(digest);
  if (known != part.sent.end() && known->second > 0) --known->second;
}

bool WarmUp::may_send(const SourceAddress& source, const std::string& site, WallTime now) const {
  const auto allowed = allowed_to(source, now);
  if (!allowed) return true;
  const std::uint64_t digest = digest_of(source, site);
  const Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  const std::int64_t today = day_of(now);
  const auto known = part.sent.find(digest);
  const bool counts = known != part.sent.end() && (today == part.day || today == part.day - 1);
  return (counts ? known->second : 0) < *allowed;
}

bool WarmUp::any_may_send(const std::vector<SourceAddress>& sources, const std::string& site, WallTime now) const {
  return std::ranges::any_of(sources, [&](const SourceAddress& source) { return may_send(source, site, now); });
}

bool WarmUp::is_empty() const {
  return std::ranges::all_of(parts_, [](const Part& part) {
    const std::lock_guard lock(part.mutex);
    return part.sent.empty();
  });
}

std::string WarmUp::text() const {
  std::int64_t day = 0;
  std::vector<std::pair<std::int64_t, std::pair<std::uint64_t, std::uint32_t>>> all;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    day = std::max(day, part.day);
    for (const auto& pair : part.sent) all.emplace_back(part.day, pair);
  }
  std::string out = fmt::format("{}{}\n", mark, day);
  for (const auto& [of, pair] : all)
    if (of == day && pair.second > 0) out += fmt::format("{:016x} {}\n", pair.first, pair.second);
  return out;
}

bool WarmUp::restore(std::string_view file, WallTime now) {
  const auto take_line = [&file] {
    const std::string_view line = file.substr(0, file.find('\n'));
    file.remove_prefix(std::min(line.size() + 1, file.size()));
    return line;
  };
  const std::string_view head = take_line();
  std::int64_t day = 0;
  if (!head.starts_with(mark) || !read_number(head.substr(mark.size()), day, 10)) return false;
  if (day != day_of(now) && day != day_of(now) + 1) return true;
  std::unordered_map<std::uint64_t, std::uint32_t> sent;
  while (!file.empty()) {
    const std::string_view line = take_line();
    std::uint64_t digest = 0;
    std::uint32_t count = 0;
    if (line.size() < 18 || line[16] != ' ' || !read_number(line.substr(0, 16), digest, 16) ||
        !read_number(line.substr(17), count, 10) || sent.size() == pairs_max) {
      return false;
    }
    sent.insert_or_assign(digest, count);
  }
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    part.day = day;
    part.sent.clear();
  }
  for (const auto& [digest, count] : sent) {
    Part& part = part_of(digest);
    const std::lock_guard lock(part.mutex);
    if (part.sent.size() < pairs_max / parts_count) part.sent.emplace(digest, count);
  }
  return true;
}

std::string warm_up_reason(const std::vector<SourceAddress>& sources, WallTime now) {
  std::string out = "warm-up: ";
  std::size_t told = 0;
  for (const SourceAddress& source : sources) {
    const auto allowed = allowed_to(source, now);
    if (!allowed || told++ >= reasons_max) continue;
    if (told > 1) out += "; ";
    const std::string name = source.address.host();
    if (day_of(now) < source.warm_up->first_day) {
      out += fmt::format("source {} begins on {}", name, day_text(source.warm_up->first_day));
    } else {
      out += fmt::format("source {} has sent its {} message{} to this site today", name, *allowed,
                         *allowed == 1 ? "" : "s");
    }
  }
  if (told > reasons_max) out += fmt::format("; and so have {} more", told - reasons_max);
  return out;
}

}  // namespace ringpost::relay
