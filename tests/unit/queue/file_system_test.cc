#include "queue/file_system.h"

#include <gtest/gtest.h>

#include "queue/log_harness.h"
#include "support/temporary_directory.h"

namespace ringpost::test {
namespace {

class RealFiles : public testing::Test {
 protected:
  RealFiles() { EXPECT_TRUE(files_.make_directories(directory_).has_value()); }

  queue::FileSystem& files_ = queue::real_file_system();
  const TemporaryDirectory parent_;
  const std::string directory_ = parent_.path() + "/a/spool";
};

TEST_F(RealFiles, AFilledFileHasItsSizeAndIsZeros) {
  auto file = files_.open(directory_ + "/a", true);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->fill_with_zeros((3 << 20) + 5).has_value());
  EXPECT_EQ((*file)->size_now().value(), (3U << 20) + 5);
  std::string octets(4 << 20, 'x');
  EXPECT_EQ((*file)->read_now(octets, 0).value(), (3U << 20) + 5);
  EXPECT_EQ(octets.find_first_not_of('\0'), (3U << 20) + 5);
}

TEST_F(RealFiles, AReservedFileHasItsSizeAndIsZeros) {
  auto file = files_.open(directory_ + "/a", true);
  ASSERT_TRUE(file.has_value());
  const auto reserved = (*file)->reserve(1 << 20);
  if (!reserved) {
    EXPECT_EQ(reserved.error().kind, ErrorKind::unavailable);
    GTEST_SKIP() << reserved.error().reason;
  }
  EXPECT_EQ((*file)->size_now().value(), 1U << 20);
  std::string octets(1 << 20, 'x');
  EXPECT_EQ((*file)->read_now(octets, 0).value(), octets.size());
  EXPECT_EQ(octets.find_first_not_of('\0'), std::string::npos);
}

TEST_F(RealFiles, NamesAreListedSortedAndRemoved) {
  ASSERT_TRUE(files_.open(directory_ + "/b", true).has_value());
  ASSERT_TRUE(files_.open(directory_ + "/a", true).has_value());
  EXPECT_EQ(files_.list(directory_).value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(files_.remove(directory_ + "/a").has_value());
  EXPECT_FALSE(files_.remove(directory_ + "/a").has_value());
  EXPECT_FALSE(files_.open(directory_ + "/a", false).has_value());
  EXPECT_TRUE(files_.sync_directory(directory_).has_value());
  EXPECT_GT(files_.free_octets(directory_).value(), 0U);
  EXPECT_FALSE(files_.list(directory_ + "/none").has_value());
}

TEST_F(RealFiles, ALogOnTheKernelsFilesIsReadBack) {
  std::map<MessageId, std::string> sent;
  run_on_reactor(
      [](io::Reactor& reactor, const std::string& where, std::map<MessageId, std::string>& known) -> io::Task<> {
        queue::Options options = small_options();
        options.segment_octets = 1 << 20;
        LogHarness site(queue::real_file_system(), options, reactor, 0, where);
        EXPECT_TRUE(site.table.scan() && site.log.open());
        for (std::uint64_t i = 0; i < 40; ++i) {
          auto id = co_await send(site, body_of(i * 5000, i), 1400);
          EXPECT_TRUE(id.has_value());
          if (id) {
            known[*id] = body_of(i * 5000, i);
          }
        }
        for (const queue::MessagePointer& message : site.scheduled) {
          queue::BodyReader reader(reactor, site.table, message);
          std::string body(message->facts.octets, '\0');
          auto got = co_await reader.read(body);
          EXPECT_TRUE(got.has_value() && *got == body.size());
          EXPECT_TRUE(body == known[message->id]);
        }
        co_await site.log.close();
      },
      directory_, sent);
  queue::SegmentTable table(files_, directory_, 1 << 20, 0);
  ASSERT_TRUE(table.scan().has_value());
  EXPECT_GT(table.segments_of(0).size(), 3U);
  EXPECT_TRUE(recover(table).messages == sent);
}

}  // namespace
}  // namespace ringpost::test
