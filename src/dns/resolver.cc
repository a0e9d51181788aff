#include "dns/resolver.h"

#include <poll.h>
#include <unbound.h>

#include <mutex>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "io/operation.h"
#include "io/scope.h"
#include "io/socket_address.h"
#include "io/wait_queue.h"
#include "telemetry/metrics.h"

namespace ringpost::dns {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr std::uint8_t poll_add = 6;  // IORING_OP_POLL_ADD
constexpr int class_in = 1;
constexpr std::size_t name_octets_max = 255;
constexpr PublicStatus lookup_failed{451, {4, 4, 3}};

struct FreeContext {
  void operator()(ub_ctx* context) const noexcept { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, FreeContext>;

struct FreeResult {
  void operator()(ub_result* result) const noexcept { ub_resolve_free(result); }
};
using UbResult = std::unique_ptr<ub_result, FreeResult>;

/// A question that waits for its answer, in the frame of whoever asked.
struct Question {
  explicit Question(io::Reactor& reactor) noexcept : answered(reactor) {}
  io::WaitQueue answered;
  UbResult result;
  int error = 0;
  bool done = false;
};

void on_answer(void* context, int error, ub_result* result) {
  auto& question = *static_cast<Question*>(context);
  question.error = error;
  question.result.reset(result);
  question.done = true;
  question.answered.notify_all();
}

/// "127.0.0.1:5353", "[::1]:53" to "127.0.0.1@5353", as libunbound writes it.
Result<std::string> forwarder(const std::string& server) {
  if (auto parsed = io::SocketAddress::parse(server); !parsed) return propagate(parsed);
  const std::size_t colon = server.rfind(':');
  std::string_view address = std::string_view(server).substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return std::string(address) + "@" + server.substr(colon + 1);
}

Result<void> accept(int status, std::string_view what) {
  if (status == 0) return {};
  return fail(ErrorKind::invalid, std::string(what) + ": " + ub_strerror(status));
}

Result<Context> make_context(const Options& options) {
  static std::mutex making;  // the library's log is set up by each context, without a lock of its own
  const std::lock_guard one_at_a_time(making);
  Context context(ub_ctx_create());
  if (!context) return fail(ErrorKind::io, "no resolver of libunbound");
  ub_ctx_debugout(context.get(), nullptr);  // stderr is our log's
  const auto set = [&](const char* name, const char* value) { return ub_ctx_set_option(context.get(), name, value); };
  // What a single name may cost, and what all of them may keep.
  const bool plain = set("msg-cache-size:", "4m") == 0 && set("rrset-cache-size:", "8m") == 0 &&
                     set("cache-max-ttl:", "86400") == 0 && set("do-not-query-localhost:", "no") == 0 &&
                     set("num-queries-per-thread:", "512") == 0 && set("outgoing-range:", "600") == 0;
  if (!plain) return fail(ErrorKind::invalid, "libunbound does not know an option of its own");
  if (options.servers.empty()) {
    if (auto done = accept(ub_ctx_resolvconf(context.get(), nullptr), "/etc/resolv.conf"); !done)
      return propagate(done);
  }
  for (const std::string& server : options.servers) {
    auto address = forwarder(server);
    if (!address) return propagate(address);
    auto done = accept(ub_ctx_set_fwd(context.get(), address->c_str()), "[dns] servers, " + printable(server));
    if (!done) return propagate(done);
  }
  static_cast<void>(ub_ctx_hosts(context.get(), nullptr));  // /etc/hosts, where there is one
  if (!options.trust_anchor.empty()) {
    auto done = accept(ub_ctx_add_ta_file(context.get(), options.trust_anchor.c_str()), options.trust_anchor);
    if (!done) return propagate(done);
  }
  if (auto done = accept(ub_ctx_async(context.get(), 1), "a thread"); !done) return propagate(done);
  // Files are read when the first question is asked, or a zone of our own is named: the second tells of bad ones now.
  auto done = accept(ub_ctx_zone_add(context.get(), "invalid.", "static"),
                     "set up, with trust anchor \"" + options.trust_anchor + "\"");
  if (!done) return propagate(done);
  return context;
}

std::string canonical_of(const ub_result& result) {
  const auto plain = [](std::string_view name) {
    return to_lower(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
  };
  if (result.canonname == nullptr || result.qname == nullptr) return {};
  std::string name = plain(result.canonname);
  return name == plain(result.qname) ? std::string() : name;
}

Answer answer_of(const ub_result& result) {
  Answer answer;
  answer.canonical = canonical_of(result);
  answer.secure = result.secure != 0;
  if (result.havedata == 0) {
    answer.kind = result.nxdomain != 0 ? Answer::Kind::no_name : Answer::Kind::no_records;
    return answer;
  }
  answer.kind = Answer::Kind::records;
  for (std::size_t i = 0; result.data[i] != nullptr && i < Resolver::records_max; ++i) {
    answer.records.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
  }
  return answer;
}

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(io::Reactor& reactor, Context context)
      : reactor_(reactor), context_(std::move(context)), room_(reactor), scope_(reactor) {
    scope_.spawn(process());
  }

  Task<Result<Answer>> look_up(std::string name, RecordType type, Deadline deadline, Cancel cancel) override;
  Task<> close() override { return scope_.close(); }

 private:
  Task<> process();
  Result<Answer> judge(const Question& question, std::string_view name) const;

  io::Reactor& reactor_;
  Context context_;
  std::size_t in_flight_ = 0;
  io::WaitQueue room_;
  io::Scope scope_;
};

Task<Result<Answer>> UnboundResolver::look_up(std::string name, RecordType type, Deadline deadline, Cancel cancel) {
  if (name.empty() || name.size() > name_octets_max) {
    co_return fail(ErrorKind::invalid, printable(name) + " is no domain name", lookup_failed);
  }
  int waited = 0;
  while (waited == 0 && in_flight_ >= in_flight_max) waited = co_await room_.wait(deadline, cancel);
  Question question(reactor_);
  if (waited == 0) {
    const auto started = monotonic_now();
    int id = 0;
    const int status =
        ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(type), class_in, &question, on_answer, &id);
    if (status != 0) {
      co_return fail(ErrorKind::invalid, "look up " + printable(name) + ": " + ub_strerror(status), lookup_failed);
    }
    ++in_flight_;
    while (waited == 0 && !question.done) waited = co_await question.answered.wait(deadline, cancel);
    if (!question.done) ub_cancel(context_.get(), id);  // on_answer will not be called any more
    --in_flight_;
    room_.notify_one();
    telemetry::counters().dns_seconds.record(monotonic_now() - started);
  }
  if (question.done) co_return judge(question, name);
  if (waited == -ECANCELED) co_return fail(ErrorKind::cancelled, "look up " + printable(name));
  co_return fail(ErrorKind::timed_out, "no answer from the DNS about " + printable(name), lookup_failed);
}

Result<Answer> UnboundResolver::judge(const Question& question, std::string_view name) const {
  const std::string about = "the DNS about " + printable(name) + ": ";
  if (question.error != 0 || !question.result) {
    return fail(ErrorKind::unavailable, about + ub_strerror(question.error), lookup_failed);
  }
  const ub_result& result = *question.result;
  if (result.bogus != 0) {
    return fail(
        ErrorKind::unavailable,
        about + "the answer is forged (" + printable(result.why_bogus != nullptr ? result.why_bogus : "bogus") + ")",
        lookup_failed);
  }
  constexpr int no_error = 0;
  constexpr int name_error = 3;
  if (result.havedata == 0 && result.rcode != no_error && result.rcode != name_error) {
    return fail(ErrorKind::unavailable,
                about + (result.rcode == 2 ? "server failure" : "error " + std::to_string(result.rcode)),
                lookup_failed);
  }
  return answer_of(result);
}

/// Lets libunbound deliver what has come, as often as its descriptor is readable.
Task<> UnboundResolver::process() {
  io::Request readable;
  readable.opcode = poll_add;
  readable.fd = ub_fd(context_.get());
  readable.flags = POLLIN;
  for (;;) {
    io::Submission wait(reactor_, readable, Deadline::never(), scope_.cancel());
    const int result = co_await wait;
    if (result < 0) co_return;
    ub_process(context_.get());
  }
}

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(io::Reactor& reactor, const Options& options) {
  auto context = make_context(options);
  if (!context) return propagate(context);
  return std::make_unique<UnboundResolver>(reactor, std::move(*context));
}

}  // namespace ringpost::dns
