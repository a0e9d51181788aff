#include "telemetry/metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>

#include "telemetry/log.h"

namespace ringpost::telemetry {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

struct ThreadBlock {
  ThreadBlock();
  ~ThreadBlock();
  Counters counters;
  std::optional<std::uint32_t> worker;  // protected by Blocks::mutex
};

/// The counters of all threads.
struct Blocks {
  std::mutex mutex;
  std::vector<ThreadBlock*> live;
  Counters ended;  // the sums of threads that are gone
};

Blocks& blocks() {
  static auto* all = new Blocks;  // threads may still count while statics are destroyed
  return *all;
}

/// Calls visit(name, help, label names, member of each block...) for every family, in the order of the page.
template <class Visitor, class... Block>
void visit_families(Visitor&& visit, Block&... b) {
  using Names = std::vector<std::string>;
  visit("sessions", "SMTP sessions open now", Names{}, b.sessions...);
  visit("sessions_total", "SMTP sessions ended", Names{"listener", "result"}, b.sessions_total...);
  visit("messages_received_total", "Messages answered with 250", Names{"listener"}, b.messages_received_total...);
  visit("messages_rejected_total", "Commands and messages refused", Names{"reason"}, b.messages_rejected_total...);
  visit("message_bytes_received_total", "Octets of accepted messages", Names{}, b.message_bytes_received_total...);
  visit("octets_received_total", "Octets received from clients", Names{}, b.octets_received_total...);
  visit("octets_copied_total", "Octets of these copied in user space", Names{}, b.octets_copied_total...);
  visit("in_flow_delays_total", "Messages whose client waited for delivery to keep pace", Names{},
        b.in_flow_delays_total...);
  visit("tls_handshakes_total", "TLS handshakes with clients and with next hops",
        Names{"direction", "version", "result"}, b.tls_handshakes_total...);
  visit("auth_total", "Authentications of clients, and ours at next hops", Names{"direction", "mechanism", "result"},
        b.auth_total...);
  visit("commit_seconds", "Time of a group commit of the spool log", Names{}, b.commit_seconds...);
  visit("commit_batch_messages", "Messages made durable by one group commit", Names{}, b.commit_batch_messages...);
  visit("delivery_total", "Delivery attempts by recipient", Names{"result"}, b.delivery_total...);
  visit("delivery_seconds", "Time of a delivery attempt", Names{}, b.delivery_seconds...);
  visit("time_in_queue_seconds", "Time from acceptance to the final outcome", Names{}, b.time_in_queue_seconds...);
  visit("connections_out", "Connections to next hops open now", Names{}, b.connections_out...);
  visit("dns_seconds", "Time of a DNS question", Names{}, b.dns_seconds...);
}

void merge(Counters& into, const Counters& from) {
  visit_families([](auto&&, auto&&, auto&&, auto& a, const auto& b) { a.merge(b); }, into, from);
}

ThreadBlock::ThreadBlock() {
  const std::lock_guard lock(blocks().mutex);
  blocks().live.push_back(this);
}

ThreadBlock::~ThreadBlock() {
  const std::lock_guard lock(blocks().mutex);
  std::erase(blocks().live, this);
  merge(blocks().ended, counters);
}

ThreadBlock& this_thread() noexcept {
  thread_local ThreadBlock block;
  return block;
}

struct Registered {
  std::string name, help;
  SampleType type;
  std::function<std::vector<Sample>()> read;
};

struct Gauges {
  std::mutex mutex;  // held while they are read, so that a destroyed gauge is not running
  std::map<std::uint64_t, Registered> all;
  std::uint64_t next_id = 1;
};

Gauges& gauges() {
  static auto* all = new Gauges;
  return *all;
}

void collect(MetricFamily& family, const Labels& labels, std::span<const std::string>, const Counter& cell) {
  family.type = MetricType::Counter;
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = labels;
  metric.counter.value = static_cast<double>(cell.value());
}

void collect(MetricFamily& family, const Labels& labels, std::span<const std::string>, const Level& cell) {
  family.type = MetricType::Gauge;
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = labels;
  metric.gauge.value = static_cast<double>(cell.value());
}

template <class Scale>
void collect(MetricFamily& family, const Labels& labels, std::span<const std::string>, const Histogram<Scale>& cell) {
  family.type = MetricType::Histogram;
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = labels;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Scale::bounds.size(); ++i) {
    count += cell.bucket(i);
    metric.histogram.bucket.push_back({count, static_cast<double>(Scale::bounds[i]) * Scale::unit});
  }
  count += cell.bucket(Scale::bounds.size());
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = cell.sum();
}

template <class Label, class Cell>
void collect(MetricFamily& family, const Labels& labels, std::span<const std::string> names,
             const telemetry::Family<Label, Cell>& cells) {
  for (std::size_t i = 0; i < label_count<Label>; ++i) {
    Labels longer = labels;
    longer.push_back({names.front(), std::string(label_name(static_cast<Label>(i)))});
    collect(family, longer, names.subspan(1), cells[static_cast<Label>(i)]);
  }
}

std::vector<MetricFamily> collect_counters() {
  const auto sum = std::make_unique<Counters>();
  MetricFamily by_worker;
  by_worker.name = "ringpost_buffer_ring_empty_total";
  by_worker.help = "Receives that found no buffer in the ring";
  by_worker.type = MetricType::Counter;
  {
    const std::lock_guard lock(blocks().mutex);
    merge(*sum, blocks().ended);
    for (const ThreadBlock* block : blocks().live) {
      merge(*sum, block->counters);
      if (!block->worker) continue;
      collect(by_worker, {{"worker", std::to_string(*block->worker)}}, {}, block->counters.buffer_ring_empty_total);
    }
  }
  std::vector<MetricFamily> out{std::move(by_worker)};
  visit_families(
      [&out](const char* name, const char* help, const std::vector<std::string>& labels, const auto& member) {
        MetricFamily& family = out.emplace_back();
        family.name = std::string("ringpost_") + name;
        family.help = help;
        collect(family, {}, labels, member);
      },
      static_cast<const Counters&>(*sum));
  return out;
}

void collect_gauges(std::vector<MetricFamily>& out) {
  std::map<std::string, MetricFamily> by_name;
  const std::lock_guard lock(gauges().mutex);
  for (const auto& [id, gauge] : gauges().all) {
    MetricFamily& family = by_name[gauge.name];
    family.name = "ringpost_" + gauge.name;
    family.help = gauge.help;
    family.type = gauge.type == SampleType::gauge ? MetricType::Gauge : MetricType::Counter;
    for (const Sample& sample : gauge.read()) {
      ClientMetric& metric = family.metric.emplace_back();
      for (const auto& [label, value] : sample.labels) metric.label.push_back({label, value});
      (family.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = sample.value;
    }
  }
  for (auto& [name, family] : by_name) out.push_back(std::move(family));
}

}  // namespace

Counters& counters() noexcept {
  return this_thread().counters;
}

void name_worker(std::uint32_t number) noexcept {
  ThreadBlock& block = this_thread();
  const std::lock_guard lock(blocks().mutex);
  block.worker = number;
}

Gauge gauge(std::string name, std::string help, std::function<std::vector<Sample>()> read, SampleType type) {
  const std::lock_guard lock(gauges().mutex);
  const std::uint64_t id = gauges().next_id++;
  gauges().all.emplace(id, Registered{std::move(name), std::move(help), type, std::move(read)});
  return Gauge(id);
}

Gauge gauge(std::string name, std::string help, std::function<double()> read) {
  return gauge(
      std::move(name), std::move(help), [read = std::move(read)] { return std::vector<Sample>{Sample{{}, read()}}; },
      SampleType::gauge);
}

Gauge::~Gauge() {
  if (id_ == 0) return;
  const std::lock_guard lock(gauges().mutex);
  gauges().all.erase(id_);
}

std::string render_metrics() {
  std::vector<MetricFamily> families = collect_counters();
  MetricFamily& lost = families.emplace_back();
  lost.name = "ringpost_log_lines_lost_total";
  lost.help = "Log lines dropped because the reader of the log is too slow";
  Counter lines;
  lines.add(log_lines_lost());
  collect(lost, {}, {}, lines);
  collect_gauges(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace ringpost::telemetry
