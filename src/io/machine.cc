#include "io/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "io/small_file.h"

namespace ringpost::io {

namespace {

constexpr std::size_t file_octets_max = 64 << 10;
constexpr unsigned cpus_max = 256;

std::string read(const std::string& path) {
  return read_small_file(path, file_octets_max).value_or(std::string());
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(mark), text.size());
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const std::string text = read(path);
  return parse_unsigned(trim(std::string_view(text).substr(0, text.find('\n'))));
}

/// The number behind `name` in lines of "name 123" or "name: 123 kB".
std::uint64_t number_of(std::string_view lines, std::string_view name) {
  for (const std::string_view line : split(lines, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() >= 2 && words[0] == name) return parse_unsigned(words[1]).value_or(0);
  }
  return 0;
}

/// Where the groups of one controller are mounted, and which of them is ours.
struct Hierarchy {
  std::string mount;
  std::string path;  // "/", or "/a/b"
};

// In a container the path may be the host's and name nothing below the mount; then the mount itself is our group, which
// is where the walk upwards ends.
void walk_up(const Hierarchy& hierarchy, const std::function<void(const std::string&)>& visit) {
  std::string path = hierarchy.path.find("..") == std::string::npos ? hierarchy.path : "";
  while (!path.empty() && path != "/") {
    visit(hierarchy.mount + path);
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  visit(hierarchy.mount);
}

bool names_controller(std::string_view list, std::string_view controller) {
  const auto names = split(list, ',');
  return std::ranges::find(names, controller) != names.end();
}

/// The groups of `controller` ("cpu", "memory") of version 1, and those of version 2 (one tree for all).
std::vector<Hierarchy> hierarchies(const std::string& root, std::string_view controller) {
  const std::string fs = root + "/sys/fs/cgroup";
  std::vector<Hierarchy> found;
  const std::string text = read(root + "/proc/self/cgroup");
  for (const std::string_view line : split(text, '\n')) {
    // NUMBER:CONTROLLER,CONTROLLER:PATH (cgroups(7)); version 2 is number 0 without controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (names.empty()) {
      found.push_back({fs, path});
      found.push_back({fs + "/unified", path});
    } else if (names_controller(names, controller)) {
      found.push_back({fs + "/" + std::string(names), path});
      if (names != controller) found.push_back({fs + "/" + std::string(controller), path});
    }
  }
  return found;
}

/// Processors' worth of time that the group gets, rounded up; nullopt: no quota.
std::optional<std::uint64_t> quota_of(const std::string& group) {
  std::optional<std::uint64_t> quota;
  std::optional<std::uint64_t> period;
  const std::string text = read(group + "/cpu.max");  // "QUOTA PERIOD" or "max PERIOD"
  if (const auto words = split(trim(std::string_view(text).substr(0, text.find('\n'))), ' '); words.size() == 2) {
    quota = parse_unsigned(words[0]);
    period = parse_unsigned(words[1]);
  } else {
    quota = read_number(group + "/cpu.cfs_quota_us");  // -1: none
    period = read_number(group + "/cpu.cfs_period_us");
  }
  if (!quota || !period || *period == 0) return std::nullopt;
  return std::max<std::uint64_t>(1, *quota / *period + (*quota % *period != 0 ? 1 : 0));
}

/// The least of the limits of a group; "max" is none.
std::optional<std::uint64_t> memory_limit_of(const std::string& group) {
  std::optional<std::uint64_t> least;
  for (const char* name : {"/memory.max", "/memory.high", "/memory.limit_in_bytes"})
    if (const auto limit = read_number(group + name)) least = std::min(*limit, least.value_or(*limit));
  return least;
}

}  // namespace

Machine read_machine(const std::string& root, unsigned affinity) {
  Machine machine;
  std::uint64_t cpus = std::clamp(affinity, 1U, cpus_max);
  for (const Hierarchy& hierarchy : hierarchies(root, "cpu"))
    walk_up(hierarchy, [&cpus](const std::string& group) { cpus = std::min(cpus, quota_of(group).value_or(cpus)); });
  machine.cpus = static_cast<unsigned>(cpus);

  machine.memory_octets = number_of(read(root + "/proc/meminfo"), "MemTotal:") * 1024;
  for (const Hierarchy& hierarchy : hierarchies(root, "memory")) {
    walk_up(hierarchy, [&machine](const std::string& group) {
      // Version 1 says "no limit" as a number near 2^63: more than there is limits nothing.
      const auto limit = memory_limit_of(group);
      if (!limit || (machine.memory_octets != 0 && *limit >= machine.memory_octets)) return;
      machine.memory_octets = *limit;
      machine.memory_is_limited = true;
      machine.memory_group = group;
    });
  }
  return machine;
}

Machine this_machine() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  return read_machine("", known ? static_cast<unsigned>(CPU_COUNT(&set)) : 1);
}

MemoryUse read_memory_use(const std::string& root, const std::string& group) {
  MemoryUse use;
  // Pages: size, resident, and of these with a file behind them (proc(5)).
  const std::string statm = read(root + "/proc/self/statm");
  if (const auto words = split(statm, ' '); words.size() >= 3) {
    const std::uint64_t resident = parse_unsigned(words[1]).value_or(0);
    const std::uint64_t of_files = parse_unsigned(words[2]).value_or(0);
    use.process_octets =
        (resident - std::min(resident, of_files)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  if (group.empty()) return use;
  auto used = read_number(group + "/memory.current");
  const bool second = used.has_value();
  if (!second) used = read_number(group + "/memory.usage_in_bytes");
  const std::string stat = read(group + "/memory.stat");
  std::uint64_t reclaimable = 0;
  // total_: with the groups below, as the usage counts them.
  for (const char* name : {"active_file", "inactive_file"})
    reclaimable += number_of(stat, second ? name : "total_" + std::string(name));
  reclaimable += number_of(stat, "slab_reclaimable");
  use.group_octets = used.value_or(0) - std::min(used.value_or(0), reclaimable);
  return use;
}

}  // namespace ringpost::io
