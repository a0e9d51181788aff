#include "io/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"

namespace ringpost::io {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

/// A tree with files where the kernel has them, and a machine of 8 GiB.
class MachineTest : public testing::Test {
 protected:
  MachineTest() { put("proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n"); }

  void put(const std::string& path, const std::string& text) {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  Machine read(unsigned affinity = 16) const { return read_machine(root_.string(), affinity); }
  std::string group(const std::string& path) const { return (root_ / "sys/fs/cgroup" / path).string(); }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path root_ = directory_.path();
};

TEST_F(MachineTest, WithoutGroupsIsAllThereIs) {
  const Machine machine = read(3);
  EXPECT_EQ(machine.cpus, 3U);
  EXPECT_EQ(machine.memory_octets, 8192 * mebibyte);
  EXPECT_FALSE(machine.memory_is_limited);
  EXPECT_EQ(machine.memory_group, "");
}

TEST_F(MachineTest, AQuotaIsRoundedUpToWholeProcessors) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(read().cpus, 2U);
  put("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(read().cpus, 2U);
  put("sys/fs/cgroup/cpu.max", "10000 100000\n");
  EXPECT_EQ(read().cpus, 1U);
  put("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(read().cpus, 16U);
  put("sys/fs/cgroup/cpu.max", "900000 100000\n");
  EXPECT_EQ(read(4).cpus, 4U);
}

TEST_F(MachineTest, TheLeastLimitOfAllGroupsAboveCounts) {
  put("proc/self/cgroup", "0::/kubepods/pod1/container\n");
  put("sys/fs/cgroup/kubepods/pod1/container/memory.max", "max\n");
  put("sys/fs/cgroup/kubepods/pod1/container/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/kubepods/pod1/memory.max", "536870912\n");
  put("sys/fs/cgroup/kubepods/pod1/cpu.max", "300000 100000\n");
  put("sys/fs/cgroup/kubepods/memory.max", "1073741824\n");
  const Machine machine = read();
  EXPECT_EQ(machine.cpus, 3U);
  EXPECT_EQ(machine.memory_octets, 512 * mebibyte);
  EXPECT_TRUE(machine.memory_is_limited);
  EXPECT_EQ(machine.memory_group, group("kubepods/pod1"));
}

TEST_F(MachineTest, MemoryHighIsALimitToo) {
  put("proc/self/cgroup", "0::/service\n");
  put("sys/fs/cgroup/service/memory.max", "536870912\n");
  put("sys/fs/cgroup/service/memory.high", "268435456\n");
  EXPECT_EQ(read().memory_octets, 256 * mebibyte);
}

TEST_F(MachineTest, TheFirstVersionIsReadByController) {
  put("proc/self/cgroup", "9:name=systemd:/\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n");
  put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "268435456\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
  put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const Machine machine = read();
  EXPECT_EQ(machine.cpus, 3U);
  EXPECT_EQ(machine.memory_octets, 256 * mebibyte);
  EXPECT_EQ(machine.memory_group, group("memory/docker/abc"));
}

TEST_F(MachineTest, ThePathOfTheHostIsNotThereInTheContainer) {
  put("proc/self/cgroup", "4:memory:/docker/abc\n0::/../other\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
  EXPECT_EQ(read().memory_octets, 128 * mebibyte);
  EXPECT_EQ(read().memory_group, group("memory"));
}

TEST_F(MachineTest, ALimitAboveTheMachinesMemoryIsNone) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "99999999999999\n");
  EXPECT_EQ(read().memory_octets, 8192 * mebibyte);
  EXPECT_FALSE(read().memory_is_limited);
}

TEST_F(MachineTest, NonsenseLimitsNothing) {
  put("proc/self/cgroup", "::::\n\n0\nx:memory\n0::\n");
  put("sys/fs/cgroup/cpu.max", "0 0\n");
  put("sys/fs/cgroup/memory.max", "-5 apples\n");
  EXPECT_EQ(read().cpus, 16U);
  EXPECT_EQ(read().memory_octets, 8192 * mebibyte);
}

TEST_F(MachineTest, UseIsWithoutWhatTheKernelGivesBack) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  put("proc/self/statm", "9000 1000 400 10 0 800 0\n");
  put("sys/fs/cgroup/two/memory.current", "104857600\n");
  put("sys/fs/cgroup/two/memory.stat",
      "anon 1\nfile 60000000\ninactive_file 20971520\nactive_file 10485760\nslab_reclaimable 1048576\n");
  const MemoryUse two = read_memory_use(root_.string(), group("two"));
  EXPECT_EQ(two.process_octets, 600 * page);
  EXPECT_EQ(two.group_octets, 69 * mebibyte);
  put("sys/fs/cgroup/one/memory.usage_in_bytes", "104857600\n");
  put("sys/fs/cgroup/one/memory.stat",
      "inactive_file 1\nactive_file 1\ntotal_inactive_file 20971520\ntotal_active_file 10485760\n");
  EXPECT_EQ(read_memory_use(root_.string(), group("one")).group_octets, 70 * mebibyte);
  EXPECT_EQ(read_memory_use(root_.string(), "").group_octets, 0U);
}

TEST(ThisMachine, HasProcessorsAndMemoryAndWeUseSome) {
  EXPECT_GE(this_machine().cpus, 1U);
  EXPECT_GT(this_machine().memory_octets, 64 * mebibyte);
  EXPECT_GT(read_memory_use("", "").process_octets, 100'000U);
}

}  // namespace
}  // namespace ringpost::io
