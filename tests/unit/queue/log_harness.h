// One spool log with its table on a FaultyFileSystem, a site for uploads, and what recovery finds. For tests of the log
// side: there is no RocksDB; `indexed` stands for it where a test needs one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "queue/body_reader.h"
#include "queue/faulty_file_system.h"
#include "queue/log_replay.h"
#include "queue/options.h"
#include "queue/segment_table.h"
#include "queue/spool_log.h"
#include "queue/upload.h"
#include "queue/upload_site.h"
#include "support/run_on_reactor.h"

namespace ringpost::test {

inline queue::Options small_options() {
  queue::Options options;
  options.segment_octets = 64 << 10;
  options.chunk_octets_max = 8 << 10;
  options.min_free_disk = 0;
  return options;
}

/// Octets that are not easily mistaken for others.
inline std::string body_of(std::size_t octets, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string body(octets, '\0');
  for (char& c : body) c = static_cast<char>(random());
  return body;
}

class LogHarness final : public queue::UploadSite, public queue::IndexSink {
 public:
  LogHarness(queue::FileSystem& files, queue::Options its_options, io::Reactor& its_reactor, std::uint16_t number = 0,
             const std::string& directory = "/spool")
      : options(std::move(its_options)),
        reactor(its_reactor),
        table(files, directory, options.segment_octets, options.min_free_disk),
        log(number, reactor, table, options, *this) {}

  queue::SpoolLog& spool_log() noexcept override { return log; }
  queue::SegmentTable& segment_table() noexcept override { return table; }
  const queue::Options& queue_options() const noexcept override { return options; }
  std::uint16_t lane() const noexcept override { return log.number(); }
  std::unique_ptr<queue::IndexItem> make_item(queue::IndexItem::Kind kind) override {
    auto item = std::make_unique<queue::IndexItem>();
    item->kind = kind;
    item->sequence = ++items_made;
    return item;
  }
  std::vector<std::string> destinations_of(const mail::Envelope& envelope) const override {
    return std::vector<std::string>(envelope.recipients.size(), "test");
  }
  void schedule(queue::MessagePointer message, const std::vector<std::string>&, std::uint64_t sequence) override {
    // Its item is here already.
    EXPECT_TRUE(std::ranges::any_of(items, [&](const auto& item) { return item->sequence == sequence; }));
    scheduled.push_back(std::move(message));
  }
  void hand_in(std::unique_ptr<queue::IndexItem> item) override {
    if (item->end.segment != 0) {
      EXPECT_GT(item->end, last_end) << "items reach the indexer out of order";
      last_end = item->end;
    }
    items.push_back(std::move(item));
  }

  queue::Upload begin() { return {*this, MessageId::generate(WallTime::now())}; }
  std::size_t accepts_handed_in() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(items, [](const auto& item) { return item->kind == queue::IndexItem::Kind::accept; }));
  }

  queue::Options options;
  io::Reactor& reactor;
  queue::SegmentTable table;
  queue::SpoolLog log;
  std::vector<std::unique_ptr<queue::IndexItem>> items;
  std::vector<queue::MessagePointer> scheduled;
  queue::LogPosition last_end;
  std::uint64_t items_made = 0;
};

/// Runs `body(site, files, arguments...)`, a coroutine function, on a log that is opened before and closed afterwards.
template <class Body, class... Arguments>
void on_log(FaultyFileSystem& files, const queue::Options& options, Body body, Arguments&... arguments) {
  auto run = [](io::Reactor& reactor, FaultyFileSystem& disk, const queue::Options& its_options, Body& inner,
                Arguments&... more) -> io::Task<> {
    LogHarness site(disk, its_options, reactor);
    EXPECT_TRUE(site.table.scan() && site.log.open());
    co_await inner(site, disk, more...);
    co_await site.log.close();
  };
  run_on_reactor(run, files, options, body, arguments...);
}

inline mail::Envelope envelope_for(const std::string& who) {
  mail::Envelope envelope;
  envelope.reverse_path = {"sender", "example.org"};
  envelope.recipients.push_back({{who, "example.net"}, {}, ""});
  return envelope;
}

inline std::vector<io::Slice> slices_of(std::string_view body, std::size_t piece_octets) {
  std::vector<io::Slice> slices;
  for (; !body.empty(); body.remove_prefix(std::min(piece_octets, body.size()))) {
    slices.push_back(io::Slice::copy_of(body.substr(0, piece_octets)));
  }
  return slices;
}

/// A whole transaction.
inline io::Task<Result<MessageId>> send(queue::UploadSite& site, std::string body, std::size_t piece_octets = 3000) {
  queue::Upload upload(site, MessageId::generate(WallTime::now()));
  const std::size_t pieces_a_time = std::max<std::size_t>(1, 3000 / piece_octets);
  std::vector<io::Slice> some;
  for (io::Slice& slice : slices_of(body, piece_octets)) {
    some.push_back(std::move(slice));
    if (some.size() < pieces_a_time) continue;
    auto appended = co_await upload.append(std::exchange(some, {}));
    if (!appended) co_return propagate(appended);
  }
  auto last = co_await upload.append(std::move(some));
  if (!last) co_return propagate(last);
  mail::BodyFacts facts;
  facts.octets = body.size();
  auto committed = co_await upload.commit(envelope_for("recipient"), facts, "Received: by test\r\n");
  co_return committed;
}

struct Recovered {
  std::map<MessageId, std::string> messages;  // id to body
  std::set<MessageId> cancelled;
  std::vector<queue::Outcome> outcomes;
  std::vector<queue::RecordType> types;  // of all records, in order
  std::map<std::uint16_t, queue::LogPosition> ends;
};

inline Result<std::string> body_now(const queue::SegmentTable& table, const queue::Message& message) {
  std::string body;
  for (const queue::Extent& extent : message.body) {
    for (const queue::OpenSegment& segment : table.segments_of(extent.log)) {
      if (segment.key.sequence != extent.segment) continue;
      std::string part(extent.octets, '\0');
      auto got = segment.file->read_now(part, extent.offset);
      if (!got) return propagate(got);
      body += part.substr(0, *got);
    }
  }
  return body;
}

/// What a new process would find in all logs, from `watermarks` on.
inline Recovered recover(const queue::SegmentTable& table,
                         const std::map<std::uint16_t, queue::LogPosition>& watermarks = {}) {
  Recovered found;
  for (const std::uint16_t log : table.logs()) {
    const auto from = watermarks.contains(log) ? watermarks.at(log) : queue::LogPosition{};
    auto report = queue::replay_log(table, log, from, [&](const queue::ReplayedRecord& record) -> Result<void> {
      found.types.push_back(record.type);
      if (record.type == queue::RecordType::accept) {
        auto message = queue::decode_accept(record);
        if (!message) return propagate(message);
        auto body = body_now(table, *message);
        if (!body) return propagate(body);
        found.messages[message->id] = *body;
      } else if (record.type == queue::RecordType::cancelled) {
        auto ids = queue::decode_cancelled(record.payload);
        if (!ids) return propagate(ids);
        found.cancelled.insert(ids->begin(), ids->end());
      } else if (record.type == queue::RecordType::attempt_ended) {
        auto outcome = queue::decode_outcome(record.payload);
        if (!outcome) return propagate(outcome);
        found.outcomes.push_back(*outcome);
      }
      return {};
    });
    EXPECT_TRUE(report.has_value()) << report.error().reason;
    if (report) found.ends[log] = report->end;
  }
  return found;
}

inline Recovered recover(FaultyFileSystem& files, const queue::Options& options = small_options()) {
  queue::SegmentTable table(files, "/spool", options.segment_octets, options.min_free_disk);
  auto scanned = table.scan();
  EXPECT_TRUE(scanned.has_value()) << scanned.error().reason;
  return recover(table);
}

}  // namespace ringpost::test
