#include "config/memory_plan.h"

#include <gtest/gtest.h>

#include <bit>

#include "config/configuration.h"
#include "io/options.h"
#include "queue/options.h"

namespace ringpost::config {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

TEST(MemoryPlan, NeverExceedsItsBudget) {
  for (std::uint32_t workers : {1, 2, 3, 4, 8, 64, 256})
    for (std::uint64_t budget = memory_least(workers); budget < (1ULL << 40); budget += budget / 7)
      EXPECT_LE(plan_memory(budget, workers).octets(workers), budget) << budget << " for " << workers;
}

TEST(MemoryPlan, UsesMostOfASmallBudget) {
  const std::uint64_t budget = 256 * mebibyte;
  EXPECT_GT(plan_memory(budget, 2).octets(2), budget * 3 / 4);
}

TEST(MemoryPlan, MoreIsNeverLess) {
  MemoryPlan before = plan_memory(128 * mebibyte, 2);
  for (std::uint64_t budget = 130 * mebibyte; budget < 16'384 * mebibyte; budget += 50 * mebibyte) {
    const MemoryPlan plan = plan_memory(budget, 2);
    EXPECT_GE(plan.receive_buffers, before.receive_buffers);
    EXPECT_GE(plan.upload_octets_max, before.upload_octets_max);
    EXPECT_GE(plan.sessions_max, before.sessions_max);
    EXPECT_GE(plan.window_messages, before.window_messages);
    EXPECT_GE(plan.unindexed_messages_max, before.unindexed_messages_max);
    EXPECT_GE(plan.block_cache_octets, before.block_cache_octets);
    before = plan;
  }
}

TEST(MemoryPlan, WithMemoryToSpareNothingIsTakenFromAnyPart) {
  const MemoryPlan plan = plan_memory(8192 * mebibyte, 8);
  const queue::Options queue;
  EXPECT_EQ(plan.receive_buffers, io::Options{}.receive_buffers);
  EXPECT_EQ(plan.upload_octets_max, queue.upload_octets_max);
  EXPECT_EQ(plan.window_messages, queue.window_messages);
  EXPECT_EQ(plan.window_messages_total, queue.window_messages_total);
  EXPECT_EQ(plan.unindexed_messages_max, queue.unindexed_messages_max);
  EXPECT_EQ(plan.block_cache_octets, queue.block_cache_octets);
  EXPECT_EQ(plan.write_buffer_octets, queue.write_buffer_octets);
  EXPECT_GE(plan.sessions_max, server::Limits{}.sessions_max);
}

TEST(MemoryPlan, ReceiveBuffersAreAPowerOfTwo) {
  for (std::uint64_t budget = 128 * mebibyte; budget < 2048 * mebibyte; budget += 13 * mebibyte)
    EXPECT_TRUE(std::has_single_bit(plan_memory(budget, 3).receive_buffers)) << budget;
}

TEST(MemoryPlan, ASmallContainerGetsFewerWorkers) {
  EXPECT_EQ(workers_most(64 * mebibyte), 1U);
  EXPECT_EQ(workers_most(128 * mebibyte), 4U);
  EXPECT_EQ(workers_most(1ULL << 50), 256U);
  for (std::uint32_t workers : {1, 2, 100}) EXPECT_EQ(workers_most(memory_least(workers)), workers);
}

TEST(MemoryPlan, TheBudgetIsLessThanTheGroupsLimitAndHalfOfAMachine) {
  EXPECT_EQ(automatic_budget({.memory_octets = 256 * mebibyte, .memory_is_limited = true}), 192 * mebibyte);
  EXPECT_EQ(automatic_budget({.memory_octets = 4096 * mebibyte}), 2048 * mebibyte);
  EXPECT_EQ(automatic_budget({.memory_octets = 16 * mebibyte, .memory_is_limited = true}), memory_least(1));
  EXPECT_EQ(automatic_budget({}), 1024 * mebibyte);
}

Configuration on(const io::Machine& machine, const std::string& text) {
  auto result = parse("hostname = \"a.example\"\n" + text, "x.toml", {}, machine);
  if (result) return std::move(*result);
  for (const Problem& problem : result.error()) ADD_FAILURE() << problem.text();
  return {};
}

TEST(Machine, DecidesAboutWorkersAndMemoryWhereTheFileDoesNot) {
  const Configuration c =
      on({.cpus = 64, .memory_octets = 256 * mebibyte, .memory_is_limited = true, .memory_group = "/x"}, "");
  EXPECT_EQ(c.server.limits.memory_max, 192 * mebibyte);
  EXPECT_EQ(c.workers, workers_most(192 * mebibyte));
  EXPECT_EQ(c.queue.workers, c.workers);
  EXPECT_EQ(c.reactor.receive_buffers, plan_memory(192 * mebibyte, c.workers).receive_buffers);
  EXPECT_EQ(c.queue.upload_octets_max, plan_memory(192 * mebibyte, c.workers).upload_octets_max);
  EXPECT_LT(c.server.limits.sessions_max, server::Limits{}.sessions_max);
  EXPECT_EQ(on({.cpus = 3, .memory_octets = 8192 * mebibyte}, "").workers, 3U);
}

TEST(Machine, FewerSessionsThanTheBudgetAllowsStayAsConfigured) {
  const io::Machine machine{.cpus = 2, .memory_octets = 8192 * mebibyte};
  EXPECT_EQ(on(machine, "[limits]\nsessions_max = 17\nmemory_max = \"256MiB\"").server.limits.sessions_max, 17U);
  const Configuration c = on(machine, "[limits]\nsessions_max = 100000\nmemory_max = \"256MiB\"");
  EXPECT_EQ(c.server.limits.sessions_max, plan_memory(256 * mebibyte, 2).sessions_max);
}

TEST(Machine, TooLittleMemoryForTheWorkersIsAProblem) {
  const io::Machine machine{.cpus = 2, .memory_octets = 8192 * mebibyte};
  const auto result =
      parse("hostname = \"a.example\"\nworkers = 64\n[limits]\nmemory_max = \"256MiB\"\n", "x.toml", {}, machine);
  ASSERT_FALSE(result.has_value());
  ASSERT_EQ(result.error().size(), 1U);
  EXPECT_EQ(result.error()[0].text(),
            "x.toml:4:14: [limits] memory_max: 256MiB is too little for 64 workers: expected at least 726MiB");
}

}  // namespace
}  // namespace ringpost::config
