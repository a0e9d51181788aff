// Messages a second through Upload and SpoolLog into real files below $TMPDIR (or the working directory), 10 KiB bodies
// in slices that are shared, not copied; so many at a time. `cpu_us` is user time of the reactor's thread a message,
// which includes the reactor and the making of the slices but no session; kernel time of the writes runs on the ring's
// workers.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>

#include "base/assert.h"
#include "io/scope.h"
#include "queue/file_system.h"
#include "queue/options.h"
#include "queue/segment_table.h"
#include "queue/spool_log.h"
#include "queue/upload.h"
#include "queue/upload_site.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t body_octets = 10 << 10;
constexpr std::size_t items_behind = 4096;  // accepts that are not applied yet

class Site final : public UploadSite, public IndexSink {
 public:
  Site(io::Reactor& reactor, const Options& options, const std::string& directory)
      : options_(options),
        table_(real_file_system(), directory, options.segment_octets, 0),
        log_(0, reactor, table_, options_, *this) {
    RINGPOST_ASSERT(table_.scan() && log_.open());
  }

  SpoolLog& spool_log() noexcept override { return log_; }
  SegmentTable& segment_table() noexcept override { return table_; }
  const Options& queue_options() const noexcept override { return options_; }
  std::uint16_t lane() const noexcept override { return 0; }
  std::unique_ptr<IndexItem> make_item(IndexItem::Kind kind) override {
    auto item = std::make_unique<IndexItem>();
    item->kind = kind;
    return item;
  }
  std::vector<std::string> destinations_of(const mail::Envelope&) const override { return {"smtp://192.0.2.1:25"}; }
  void schedule(MessagePointer, const std::vector<std::string>&, std::uint64_t) override {}
  // As if the indexer followed at some distance and everything were delivered: segments are recycled.
  void hand_in(std::unique_ptr<IndexItem> item) override {
    items_.push_back(std::move(item));
    if (items_.size() <= items_behind) return;
    const LogPosition end = items_.front()->end;
    items_.pop_front();
    if (end.segment == watermark_) return;
    watermark_ = end.segment;
    table_.set_synced_watermark(0, end);
  }

 private:
  const Options options_;
  SegmentTable table_;
  SpoolLog log_;
  std::deque<std::unique_ptr<IndexItem>> items_;
  std::uint64_t watermark_ = 0;
};

mail::Envelope usual_envelope() {
  mail::Envelope envelope;
  envelope.reverse_path = {"someone", "example.org"};
  envelope.recipients.push_back({{"someone.else", "example.net"}, {}, ""});
  envelope.origin = {"192.0.2.10", "client.example.org", "", "ESMTP", "mx"};
  return envelope;
}

io::Task<> sender(Site& site, io::Slice body, std::size_t messages) {
  for (std::size_t i = 0; i < messages; ++i) {
    Upload upload(site, MessageId::generate(WallTime::now()));
    std::vector<io::Slice> slices;
    slices.push_back(body);
    auto appended = co_await upload.append(std::move(slices));
    RINGPOST_ASSERT(appended.has_value());
    mail::BodyFacts facts;
    facts.octets = body_octets;
    auto committed = co_await upload.commit(usual_envelope(), facts, std::string(180, 'x'));
    RINGPOST_ASSERT(committed.has_value());
  }
}

io::Task<> senders(io::Reactor& reactor, Site& site, io::Slice body, std::size_t at_a_time, std::size_t each) {
  io::Scope scope(reactor);
  for (std::size_t i = 0; i < at_a_time; ++i) scope.spawn(sender(site, body, each));
  co_await scope.join();
  reactor.stop();
}

io::Task<> finish(io::Reactor& reactor, Site& site) {
  co_await site.spool_log().close();
  reactor.stop();
}

double user_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
}

std::string scratch_directory() {
  const char* chosen = std::getenv("TMPDIR");
  return std::string(chosen != nullptr ? chosen : ".") + "/commit_bench." + std::to_string(::getpid());
}

void commit(benchmark::State& state) {
  const auto at_a_time = static_cast<std::size_t>(state.range(0));
  const std::size_t each = std::max<std::size_t>(1, 2000 / at_a_time);
  Options options;
  options.durability = state.range(1) != 0 ? Durability::synced : Durability::written;
  auto reactor = io::Reactor::create({});
  RINGPOST_ASSERT(reactor.has_value());
  const std::string directory = scratch_directory();
  std::size_t messages = 0;
  double user = 0;
  {
    Site site(**reactor, options, directory);
    const io::Slice body = io::Slice::copy_of(std::string(body_octets, 'b'));
    io::Scope scope(**reactor);
    for (auto _ : state) {
      const double before = user_seconds();
      scope.spawn(senders(**reactor, site, body, at_a_time, each));
      (*reactor)->run();
      user += user_seconds() - before;
      messages += at_a_time * each;
    }
    scope.spawn(finish(**reactor, site));
    (*reactor)->run();
  }
  std::filesystem::remove_all(directory);
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["cpu_us"] = user * 1e6 / static_cast<double>(messages);
}
BENCHMARK(commit)
    ->ArgNames({"at_a_time", "synced"})
    ->Args({1, 1})
    ->Args({20, 1})
    ->Args({200, 1})
    ->Args({200, 0})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(2.0);

}  // namespace
}  // namespace ringpost::queue
