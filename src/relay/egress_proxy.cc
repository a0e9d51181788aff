#include "relay/egress_proxy.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "io/connection.h"
#include "io/prefixed_stream.h"
#include "io/small_file.h"
#include "relay/next_hop.h"
#include "relay/proxy_header.h"
#include "relay/socks5.h"
#include "telemetry/metrics.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::SocketAddress;
using io::Stream;
using io::Task;

namespace {

constexpr std::uint16_t socks_port = 1080;
constexpr std::chrono::seconds step_wait{10};  // for what a proxy answers by itself
constexpr std::string_view socks5_scheme = "socks5://";
constexpr std::string_view proxy_scheme = "proxy://";

Result<std::string> read_password(const std::string& path) {
  auto text = io::read_small_file(path, 4096);
  if (!text) return propagate(text);
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty() || text->size() > socks5_login_octets_max)
    return fail(ErrorKind::invalid, path + ": a password has 1 to 255 octets");
  return text;
}

}  // namespace

std::string EgressProxy::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  const std::string authority = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  return (kind == Kind::socks5 ? "SOCKS5 proxy " : "PROXY proxy ") + authority;
}

std::string EgressProxy::url() const {
  const std::string named = text();
  return std::string(kind == Kind::socks5 ? socks5_scheme : proxy_scheme) + named.substr(named.rfind(' ') + 1);
}

Result<EgressProxy> parse_egress_proxy(std::string_view text) {
  const bool is_socks = text.starts_with(socks5_scheme);
  if (!is_socks && !text.starts_with(proxy_scheme))
    return fail(ErrorKind::invalid, "'" + printable(text) + "': expected socks5://host:port or proxy://host:port");
  const std::string_view authority = text.substr(is_socks ? socks5_scheme.size() : proxy_scheme.size());
  // The same grammar as that of a next hop, whose port has a default of its own.
  const bool has_port = authority.find(':', authority.rfind(']') + 1) != std::string_view::npos;
  if (!has_port && !is_socks) return fail(ErrorKind::invalid, "'" + printable(text) + "': expected a port");
  auto hop = parse_next_hop("smtp://" + std::string(authority));
  if (!hop) return propagate(hop);
  EgressProxy proxy;
  proxy.kind = is_socks ? EgressProxy::Kind::socks5 : EgressProxy::Kind::proxy_v2;
  proxy.host = std::move(hop->host);
  proxy.port = has_port ? hop->port : socks_port;
  return proxy;
}

Deadline EgressConnection::step() const {
  return Deadline::after(std::min<Duration>(step_wait, connect_timeout_));
}

Task<EgressConnection::Connected> EgressConnection::connect(SocketAddress destination, SocketAddress source,
                                                            Cancel cancel) {
  auto stream = co_await reach_proxy(cancel);
  Result<void> done;
  if (stream && proxy_.kind == EgressProxy::Kind::proxy_v2) {
    done = co_await say(**stream, proxy_v2_header(source, destination), cancel);
  } else if (stream) {
    done = co_await negotiate(**stream, socks5_connect(destination), cancel);
  } else {
    done = propagate(stream);
  }
  if (!done) {
    if (stream) co_await (*stream)->close();
    if (done.error().kind != ErrorKind::cancelled) done.error().reason = proxy_.text() + ": " + done.error().reason;
    co_return propagate(done);
  }
  if (received_.empty()) co_return std::move(*stream);
  telemetry::counters().octets_copied_total.add(received_.size());
  co_return std::make_unique<io::PrefixedStream>(io::Slice::copy_of(received_), std::move(*stream));
}

Task<EgressConnection::Connected> EgressConnection::reach_proxy(Cancel cancel) {
  auto host = co_await resolver_.host(proxy_.host, proxy_.port, Deadline::after(connect_timeout_), cancel);
  if (!host) co_return propagate(host);
  Connected connected = fail(ErrorKind::not_found, "has no address");
  for (const SocketAddress& address : host->addresses) {
    const SocketAddress any;
    auto tried = co_await io::Connection::connect(reactor_, address, any, Deadline::after(connect_timeout_), cancel);
    if (tried) {
      connected = std::move(*tried);
    } else {
      connected = propagate(tried);
    }
    if (connected || connected.error().kind == ErrorKind::cancelled) break;
  }
  co_return std::move(connected);
}

Task<Result<void>> EgressConnection::say(Stream& stream, std::string octets, Cancel cancel) {
  auto sent = co_await stream.send(std::string_view(octets), step(), cancel);
  co_return std::move(sent);
}

Task<Result<void>> EgressConnection::hear(Stream& stream, Deadline deadline, Cancel cancel) {
  auto octets = co_await stream.receive(deadline, cancel);
  if (!octets) co_return propagate(octets);
  if (octets->empty()) co_return fail(ErrorKind::closed, "closed the connection instead of an answer");
  received_ += octets->view();
  co_return Result<void>{};
}

Task<Result<void>> EgressConnection::negotiate(Stream& stream, std::string connect, Cancel cancel) {
  const bool with_login = !proxy_.user.empty();
  auto done = co_await say(stream, socks5_greeting(with_login), cancel);
  const Deadline choose_until = step();
  auto method = parse_socks5_method(received_, with_login);
  while (done && method && !*method) {
    done = co_await hear(stream, choose_until, cancel);
    method = parse_socks5_method(received_, with_login);
  }
  if (!done) co_return std::move(done);
  if (!method) co_return propagate(method);
  received_.clear();
  if (**method == Socks5Method::login) done = co_await log_in(stream, cancel);
  if (done) done = co_await say(stream, std::move(connect), cancel);
  const Deadline connect_until = Deadline::after(connect_timeout_);
  auto reply = parse_socks5_reply(received_);
  while (done && reply && !*reply) {
    done = co_await hear(stream, connect_until, cancel);
    reply = parse_socks5_reply(received_);
  }
  // Nobody but the destination keeps a proxy waiting that has answered so far.
  blames_destination_ = !done && done.error().kind == ErrorKind::timed_out;
  if (!done) co_return std::move(done);
  if (!reply) co_return propagate(reply);
  const std::uint8_t code = (*reply)->code;
  blames_destination_ = socks5_blames_destination(code);
  if (code != 0) co_return fail(ErrorKind::refused, socks5_reply_text(code));
  received_.erase(0, (*reply)->octets);
  co_return std::move(done);
}

Task<Result<void>> EgressConnection::log_in(Stream& stream, Cancel cancel) {
  auto work = [path = proxy_.password_file] {
    return read_password(path);
  };  // a temporary would be destroyed twice (GCC 12)
  auto read = co_await helpers_.run(std::move(work));
  if (!read) co_return propagate(read);
  if (!*read) co_return propagate(*read);
  auto done = co_await say(stream, socks5_login(proxy_.user, **read), cancel);
  const Deadline until = step();
  auto taken = parse_socks5_login_reply(received_);
  while (done && taken && !*taken) {
    done = co_await hear(stream, until, cancel);
    taken = parse_socks5_login_reply(received_);
  }
  if (done && !taken) done = propagate(taken);
  received_.clear();
  co_return std::move(done);
}

}  // namespace ringpost::relay
