#include "dns/resolver.h"

#include <poll.h>
#include <unbound.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "dns/mail_exchanger.h"
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
constexpr int type_cname = 5;
constexpr int no_error = 0;
constexpr int server_failure = 2;
constexpr int name_error = 3;
constexpr std::size_t name_octets_max = 255;
constexpr std::chrono::seconds quick_answer{2};
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

std::string plain(std::string_view name) {
  return to_lower(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
}

std::string canonical_of(const ub_result& result) {
  if (result.canonname == nullptr || result.qname == nullptr) return {};
  std::string name = plain(result.canonname);
  return name == plain(result.qname) ? std::string() : name;
}

/// What libunbound cannot get into a message of 64 KiB it leaves out, and what is left looks as if there were nothing.
bool is_cut_off(const ub_result& result) noexcept {
  constexpr unsigned char truncated = 0x02;  // RFC 1035 4.1.1: in the third octet
  return result.havedata == 0 && result.answer_packet != nullptr && result.answer_len > 2 &&
         (static_cast<const unsigned char*>(result.answer_packet)[2] & truncated) != 0;
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

/// `why`: of a server failure, where it is known.
Result<Answer> judge(const Question& question, std::string_view name, const std::string& why) {
  const std::string about = "the DNS about " + printable(name) + ": ";
  const auto no_answer = [&about](const std::string& reason) {
    return fail(ErrorKind::unavailable, about + reason, lookup_failed);
  };
  if (question.error != 0 || !question.result) return no_answer(ub_strerror(question.error));
  const ub_result& result = *question.result;
  if (result.bogus != 0) {
    const char* const reason = result.why_bogus != nullptr ? result.why_bogus : "bogus";
    return no_answer("the answer is forged (" + printable(reason) + ")");
  }
  if (is_cut_off(result)) return no_answer("the answer is larger than a message of the DNS may be");
  if (result.havedata == 0 && result.rcode != no_error && result.rcode != name_error) {
    if (!why.empty()) return no_answer(why);
    return no_answer(result.rcode == server_failure ? "server failure" : "error " + std::to_string(result.rcode));
  }
  return answer_of(result);
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
  Task<Result<void>> ask(Question& question, std::string name, int type, Deadline deadline, Cancel cancel);
  Task<std::string> trouble_with_cnames(std::string name, Deadline deadline, Cancel cancel);

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
  Question question(reactor_);
  const auto started = monotonic_now();
  auto asked = co_await ask(question, name, static_cast<int>(type), deadline, cancel);
  if (!asked) co_return propagate(asked);
  const bool failed = question.result && question.result->rcode == server_failure && question.result->bogus == 0;
  std::string why;
  if (failed && monotonic_now() - started < quick_answer) why = co_await trouble_with_cnames(name, deadline, cancel);
  co_return judge(question, name, why);
}

/// Ok: `question` has its answer.
Task<Result<void>> UnboundResolver::ask(Question& question, std::string name, int type, Deadline deadline,
                                        Cancel cancel) {
  int waited = 0;
  while (waited == 0 && in_flight_ >= in_flight_max) waited = co_await room_.wait(deadline, cancel);
  if (waited == 0) {
    const auto started = monotonic_now();
    int id = 0;
    const int status = ub_resolve_async(context_.get(), name.c_str(), type, class_in, &question, on_answer, &id);
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
  if (question.done) co_return Result<void>{};
  if (waited == -ECANCELED) co_return fail(ErrorKind::cancelled, "look up " + printable(name));
  co_return fail(ErrorKind::timed_out, "no answer from the DNS about " + printable(name), lookup_failed);
}

/// libunbound follows cnames_max of them and says "server failure" then, or where they lead in a circle. Empty: it was
/// something else.
Task<std::string> UnboundResolver::trouble_with_cnames(std::string name, Deadline deadline, Cancel cancel) {
  std::vector<std::string> names(1, plain(name));
  while (names.size() <= cnames_max + 1) {
    Question question(reactor_);
    auto asked = co_await ask(question, names.back(), type_cname, deadline, cancel);
    if (!asked || !question.result || question.result->havedata == 0) co_return std::string();
    const ub_result& result = *question.result;
    auto next = parse_name(std::string_view(result.data[0], static_cast<std::size_t>(result.len[0])));
    if (!next) co_return std::string();
    if (std::ranges::find(names, *next) != names.end()) co_return "its CNAMEs lead in a circle";
    names.push_back(std::move(*next));
  }
  co_return "a chain of more than " + std::to_string(cnames_max) + " CNAMEs";
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
