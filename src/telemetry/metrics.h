// What /metrics shows (Prometheus text format, prefix ringpost_). Counters live in a block per thread, which only that
// thread writes and the scrape sums: counting is one plain add, without a lock and without a shared cache line. The
// labels are small enums, so a peer cannot make a new time series. What is a state rather than a count is read on
// scrape by a function registered for it (gauge()).
//
//   telemetry::counters().messages_received_total[telemetry::Listener::mx].add();
//   telemetry::counters().commit_seconds.record(duration);
//
// Standards: Prometheus text exposition format 0.0.4.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/histogram.h"

namespace ringpost::telemetry {

enum class Listener : std::uint8_t { mx, submission, submissions };
enum class SessionResult : std::uint8_t { completed, lost, timed_out, refused, errors, shutdown };
enum class RejectReason : std::uint8_t {
  relay_denied,
  unknown_recipient,
  bad_address,
  too_many_recipients,
  too_large,
  rate_limit,
  bare_line_ending,
  loop,
  bad_sequence,
  syntax,
  no_space,
  unavailable,
  storage,
  tls_required,
  auth_required,
  other,
};
enum class DeliveryResult : std::uint8_t { delivered, deferred, failed, expired, handed_off };
enum class Direction : std::uint8_t { in, out };                  // from clients; to next hops
enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3, none };  // none: the handshake did not get so far
enum class TlsResult : std::uint8_t { ok, failed };
enum class AuthMechanism : std::uint8_t {
  scram_sha_256_plus,
  scram_sha_256,
  scram_sha_1_plus,
  scram_sha_1,
  plain,
  login,
  cram_md5,
  digest_md5,
  ntlm,
  external,
  gssapi,
  oauthbearer,
  xoauth2,
  srp,
  other,  // also where none was agreed on
};
/// failed: refused by whoever judges. unavailable: nobody could judge. aborted: given up, or the connection broke.
enum class AuthResult : std::uint8_t { ok, failed, unavailable, aborted };

/// Of tls::ConnectionInfo::version: "TLSv1.3".
TlsVersion tls_version(std::string_view name) noexcept;
/// "SCRAM-SHA-256", in capitals.
AuthMechanism auth_mechanism(std::string_view name) noexcept;

std::string_view label_name(Listener) noexcept;
std::string_view label_name(SessionResult) noexcept;
std::string_view label_name(RejectReason) noexcept;
std::string_view label_name(DeliveryResult) noexcept;
std::string_view label_name(Direction) noexcept;
std::string_view label_name(TlsVersion) noexcept;
std::string_view label_name(TlsResult) noexcept;
std::string_view label_name(AuthMechanism) noexcept;
std::string_view label_name(AuthResult) noexcept;

template <class Label>
inline constexpr std::size_t label_count = 0;
template <>
inline constexpr std::size_t label_count<Listener> = 3;
template <>
inline constexpr std::size_t label_count<SessionResult> = 6;
template <>
inline constexpr std::size_t label_count<RejectReason> = 16;
template <>
inline constexpr std::size_t label_count<DeliveryResult> = 5;
template <>
inline constexpr std::size_t label_count<Direction> = 2;
template <>
inline constexpr std::size_t label_count<TlsVersion> = 3;
template <>
inline constexpr std::size_t label_count<TlsResult> = 2;
template <>
inline constexpr std::size_t label_count<AuthMechanism> = 15;
template <>
inline constexpr std::size_t label_count<AuthResult> = 4;

/// One Cell for every value of Label; Cell is a Counter, a Histogram or a Family again.
template <class Label, class Cell = Counter>
class Family {
 public:
  Cell& operator[](Label label) noexcept { return cells_[static_cast<std::size_t>(label)]; }
  const Cell& operator[](Label label) const noexcept { return cells_[static_cast<std::size_t>(label)]; }
  void merge(const Family& other) noexcept {
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].merge(other.cells_[i]);
  }

 private:
  std::array<Cell, label_count<Label>> cells_;
};

/// Something that comes and goes: add() and remove(), also on different threads; the sum over threads is the value.
class Level {
 public:
  void add(std::uint64_t n = 1) noexcept { up_.add(n); }
  void remove(std::uint64_t n = 1) noexcept { down_.add(n); }
  std::int64_t value() const noexcept { return static_cast<std::int64_t>(up_.value() - down_.value()); }
  void merge(const Level& other) noexcept {
    up_.merge(other.up_);
    down_.merge(other.down_);
  }

 private:
  Counter up_, down_;
};

/// All that one thread counts. Names are those of the metrics without the prefix.
struct alignas(64) Counters {
  Level sessions;
  Family<Listener, Family<SessionResult>> sessions_total;
  Family<Listener> messages_received_total;
  Family<RejectReason> messages_rejected_total;
  Counter message_bytes_received_total;
  Counter octets_received_total;  // from sockets
  Counter octets_copied_total;    // of these, copied in user space
  Counter in_flow_delays_total;   // messages that waited for delivery to keep pace
  Family<Direction, Family<TlsVersion, Family<TlsResult>>> tls_handshakes_total;
  Family<Direction, Family<AuthMechanism, Family<AuthResult>>> auth_total;
  Histogram<SecondsScale> commit_seconds;
  Histogram<CountScale> commit_batch_messages;
  Family<DeliveryResult> delivery_total;
  Histogram<SecondsScale> delivery_seconds;
  Histogram<SecondsScale> time_in_queue_seconds;
  Level connections_out;
  Histogram<SecondsScale> dns_seconds;
  Counter buffer_ring_empty_total;  // shown per worker
};

/// The block of the calling thread; made at its first use, kept in the sums when the thread ends.
Counters& counters() noexcept;
/// Says that the calling thread is worker `number`: what is shown per worker carries it as a label.
void name_worker(std::uint32_t number) noexcept;

/// One value of a gauge with its labels: {{{"state", "due"}}, 17}.
struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
enum class SampleType : std::uint8_t { gauge, counter };

/// A registered gauge. When it is destroyed its function is not running and will not run again.
class [[nodiscard]] Gauge {
 public:
  Gauge() noexcept = default;
  explicit Gauge(std::uint64_t id) noexcept : id_(id) {}
  Gauge(Gauge&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  Gauge& operator=(Gauge&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Gauge();

 private:
  std::uint64_t id_ = 0;
};

/// `read` is called on the scraping thread and must be safe and quick there; it may not register or destroy gauges.
/// `name` without the prefix. Several gauges may share a name (one per worker) when their labels differ.
Gauge gauge(std::string name, std::string help, std::function<std::vector<Sample>()> read,
            SampleType type = SampleType::gauge);
/// The same for one value without labels.
Gauge gauge(std::string name, std::string help, std::function<double()> read);

/// The page. Any thread but a reactor.
std::string render_metrics();

}  // namespace ringpost::telemetry
