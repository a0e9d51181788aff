// The machine as this process may use it. A container sees the processors and the memory of its host; what it may use
// stands in its control groups: a quota of processor time, and a limit of memory beyond which the kernel ends it. Both
// versions of cgroups are read, at the group of the process and at those above it, where the least counts.
//
// Read from /proc and /sys below `root`, which tests replace by a tree of their own. Nothing here fails: what cannot be
// read limits nothing.
#pragma once

#include <cstdint>
#include <string>

namespace ringpost::io {

struct Machine {
  unsigned cpus = 1;                // processors' worth of time, at least 1: affinity, or the quota rounded up
  std::uint64_t memory_octets = 0;  // what the process may use; 0: not known
  bool memory_is_limited = false;   // by a group, so that going over it is the end; else it is the machine's memory
  std::string memory_group;         // folder of the group whose limit that is; empty without one
};

/// `affinity`: on how many processors the process may run.
Machine read_machine(const std::string& root, unsigned affinity);
Machine this_machine();

struct MemoryUse {
  std::uint64_t process_octets = 0;  // memory of our own that is resident: no files, nothing shared
  std::uint64_t group_octets = 0;    // of the whole group, without what the kernel would give back for the asking
};

/// Cheap: two or three small files of the kernel. `group` is Machine::memory_group.
MemoryUse read_memory_use(const std::string& root, const std::string& group);

}  // namespace ringpost::io
