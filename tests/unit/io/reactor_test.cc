#include "io/reactor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <thread>

#include "io/file.h"
#include "io/offload.h"
#include "io/probe.h"
#include "io/wait_queue.h"
#include "support/run_on_reactor.h"

namespace ringpost::io {
namespace {

using std::chrono::milliseconds;

TEST(Probe, FindsWhatTheReactorNeeds) {
  const auto features = probe_kernel();
  ASSERT_TRUE(features.has_value()) << features.error().reason;
  EXPECT_FALSE(features->features.empty());
}

TEST(Probe, RingsAreRestrictedHere) {
  const auto features = probe_kernel();
  ASSERT_TRUE(features.has_value()) << features.error().reason;
  EXPECT_TRUE(features->restricted);  // Linux 5.10; what follows depends on it
}

TEST(Reactor, DoesNotDoWhatIsNotInItsTable) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const auto submitted = [&reactor](std::uint8_t opcode) {
      return Submission(reactor, {.opcode = opcode, .fd = AT_FDCWD, .address = "/dev/null"}, Deadline::never(),
                        Cancel::never());
    };
    for (const std::uint8_t opcode : {IORING_OP_NOP, IORING_OP_OPENAT, IORING_OP_SOCKET, IORING_OP_UNLINKAT,
                                      IORING_OP_WRITE, IORING_OP_SPLICE, IORING_OP_URING_CMD}) {
      const int result = co_await submitted(opcode);
      EXPECT_EQ(result, -EACCES) << "opcode " << int{opcode};
    }
    Request in_the_table{.opcode = IORING_OP_POLL_ADD, .fd = reactor.ring_descriptor(), .flags = POLLOUT};
    in_the_table.submit_flags = IOSQE_FIXED_FILE;  // a flag that no request of ours has
    const int result = co_await Submission(reactor, in_the_table, Deadline::never(), Cancel::never());
    EXPECT_EQ(result, -EACCES);
  });
}

TEST(Reactor, RegistersNothingButItsBuffers) {
  const auto reactor = Reactor::create(test::small_reactor());
  ASSERT_TRUE(reactor.has_value());
  const int files[]{0};
  const auto registered = [&](unsigned opcode, const void* argument) {
    return ::syscall(SYS_io_uring_register, (*reactor)->ring_descriptor(), opcode, argument, 1) == 0 ? 0 : errno;
  };
  EXPECT_EQ(registered(IORING_REGISTER_FILES, files), EACCES);
  EXPECT_EQ(registered(IORING_REGISTER_PERSONALITY, nullptr), EACCES);
}

TEST(Reactor, SleepEndsAtItsDeadline) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const auto before = monotonic_now();
    const int result = co_await Sleep(reactor, Deadline::after(milliseconds(20)), Cancel::never());
    EXPECT_EQ(result, -ETIME);
    EXPECT_GE(monotonic_now() - before, milliseconds(20));
    EXPECT_LT(monotonic_now() - before, milliseconds(500));
  });
}

struct Count final : Parcel {
  void deliver() noexcept override {
    if (++*total == stop_at) home->stop();
  }
  int* total = nullptr;
  int stop_at = 0;
  Reactor* home = nullptr;
};

TEST(Reactor, ParcelsFromOtherThreadsAllArriveInOrderOfTheirPoster) {
  auto reactor = Reactor::create(test::small_reactor());
  ASSERT_TRUE(reactor.has_value());
  constexpr int threads = 4, each = 2000;
  int total = 0;
  std::vector<Count> parcels(threads * each);
  for (auto& parcel : parcels) {
    parcel.total = &total;
    parcel.stop_at = threads * each;
    parcel.home = reactor->get();
  }
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) (*reactor)->post(parcels[static_cast<std::size_t>(t * each + i)]);
    });
  }
  (*reactor)->run();
  for (auto& poster : posters) poster.join();
  EXPECT_EQ(total, threads * each);
}

// Two reactors throw a ball to and fro by ring messages.
struct Ball final : Parcel {
  void deliver() noexcept override {
    Reactor* here = Reactor::current();
    if (--left == 0) {
      one->stop();
      two->stop();
      return;
    }
    (here == one ? two : one)->post(*this);
  }
  Reactor* one = nullptr;
  Reactor* two = nullptr;
  int left = 1000;
};

TEST(Reactor, TwoReactorsWakeEachOther) {
  Ball ball;
  std::atomic<Reactor*> second{nullptr};
  std::thread other([&] {
    auto reactor = Reactor::create(test::small_reactor());
    second.store(reactor->get());
    (*reactor)->run();
  });
  while (second.load() == nullptr) std::this_thread::yield();
  auto reactor = Reactor::create(test::small_reactor());
  ball.one = reactor->get();
  ball.two = second.load();
  (*reactor)->post(ball);
  (*reactor)->run();
  other.join();
  EXPECT_EQ(ball.left, 0);
}

TEST(Reactor, FilesAreWrittenSyncedAndReadBack) {
  char path[] = "/tmp/ringpost-io-XXXXXX";
  FileDescriptor file(::mkstemp(path));
  ::unlink(path);
  const int fd = file.get();
  test::run_on_reactor(
      [](Reactor& reactor, const int& descriptor) -> Task<> {
        // More vectors than one write takes.
        const std::string piece = "0123456789";
        std::vector<iovec> vectors(3000, iovec{const_cast<char*>(piece.data()), piece.size()});
        auto written = co_await write_file(reactor, descriptor, vectors, 7, Sync::data);
        EXPECT_TRUE(written.has_value()) << written.error().reason;
        std::string back(30'000, '\0');
        auto read = co_await read_file(reactor, descriptor, back, 7);
        EXPECT_TRUE(read.has_value());
        EXPECT_EQ(*read, 30'000U);
        EXPECT_EQ(back.substr(29'990), piece);
        auto past_end = co_await read_file(reactor, descriptor, back, 30'000);
        EXPECT_EQ(*past_end, 7U);
        auto bad = co_await write_file(reactor, -1, std::span(vectors).first(1), 0, Sync::data);
        EXPECT_FALSE(bad.has_value());
        if (!bad) {
          EXPECT_EQ(bad.error().os_error, EBADF);
        }
      },
      fd);
}

std::ptrdiff_t pages_cached(int fd, std::size_t octets) {
  void* map = ::mmap(nullptr, octets, PROT_READ, MAP_SHARED, fd, 0);
  std::vector<unsigned char> pages(octets / 4096);
  if (map == MAP_FAILED || ::mincore(map, octets, pages.data()) != 0) return -1;
  ::munmap(map, octets);
  return std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; });
}

TEST(Reactor, AFileThatIsOnTheDiskCanLeaveThePageCache) {
  char path[] = "ringpost-io-XXXXXX";  // here, not in /tmp, which may have no disk
  FileDescriptor file(::mkstemp(path));
  ::unlink(path);
  const int fd = file.get();
  struct statfs where{};
  if (::fstatfs(fd, &where) == 0 && where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "only the page cache holds this file";
  test::run_on_reactor(
      [](Reactor& reactor, const int& descriptor) -> Task<> {
        std::string octets(1 << 20, 'x');
        const iovec vector{octets.data(), octets.size()};
        auto written = co_await write_file(reactor, descriptor, {&vector, 1}, 0, Sync::data);
        EXPECT_TRUE(written.has_value());
        co_await drop_cached_file(reactor, descriptor);
        EXPECT_EQ(pages_cached(descriptor, octets.size()), 0);
        auto read = co_await read_file(reactor, descriptor, octets, 0);
        EXPECT_TRUE(read.has_value() && *read == octets.size());
        EXPECT_EQ(octets.find_first_not_of('x'), std::string::npos);
        co_await drop_cached_file(reactor, -1);  // only advice
      },
      fd);
}

// cachestat(2), Linux 6.5; -1: this kernel has none.
std::int64_t pages_dirty(int fd) {
  constexpr long cachestat = 451;
  struct {
    std::uint64_t offset = 0, length = 0;  // to the end of the file
  } range;
  struct {
    std::uint64_t cached, dirty, writeback, evicted, recently_evicted;
  } found{};
  return ::syscall(cachestat, fd, &range, &found, 0) == 0 ? static_cast<std::int64_t>(found.dirty) : -1;
}

TEST(Reactor, TheDiskCanBeginWithoutASync) {
  char path[] = "ringpost-io-XXXXXX";
  FileDescriptor file(::mkstemp(path));
  ::unlink(path);
  const int fd = file.get();
  struct statfs where{};
  if (::fstatfs(fd, &where) == 0 && where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "only the page cache holds this file";
  if (pages_dirty(fd) < 0) GTEST_SKIP() << "this kernel has no cachestat";
  test::run_on_reactor(
      [](Reactor& reactor, const int& descriptor) -> Task<> {
        const std::string octets(1 << 20, 'x');
        const iovec vector{const_cast<char*>(octets.data()), octets.size()};
        auto written = co_await write_file(reactor, descriptor, {&vector, 1}, 0, Sync::begun);
        EXPECT_TRUE(written.has_value());
        // By itself the kernel begins after some seconds.
        EXPECT_EQ(pages_dirty(descriptor), 0);
      },
      fd);
}

TEST(OffloadPool, RunsWorkElsewhereAndComesHome) {
  OffloadPool pool(2, 100);
  test::run_on_reactor(
      [](Reactor&, OffloadPool& helpers) -> Task<> {
        const auto here = std::this_thread::get_id();
        auto there = co_await helpers.run([] { return std::this_thread::get_id(); });
        EXPECT_TRUE(there.has_value());
        EXPECT_NE(*there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
      },
      pool);
}

TEST(OffloadPool, AFullLineSaysUnavailable) {
  OffloadPool pool(1, 0);
  test::run_on_reactor(
      [](Reactor&, OffloadPool& helpers) -> Task<> {
        auto result = co_await helpers.run([] { return 1; });
        EXPECT_FALSE(result.has_value());
        if (!result) {
          EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
        }
      },
      pool);
}

Task<> wait_for(WaitQueue& queue, int& result) {
  result = co_await queue.wait(Deadline::after(milliseconds(200)), Cancel::never());
}

TEST(WaitQueue, NotifiesOneThenAllAndTimesOut) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    WaitQueue queue(reactor);
    Scope scope(reactor);
    int first = 1, second = 1;
    scope.spawn(wait_for(queue, first));
    scope.spawn(wait_for(queue, second));
    queue.notify_one();
    co_await Sleep(reactor, Deadline::after(milliseconds(20)), Cancel::never());
    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 1);
    co_await scope.join();
    EXPECT_EQ(second, -ETIME);
  });
}

}  // namespace
}  // namespace ringpost::io
