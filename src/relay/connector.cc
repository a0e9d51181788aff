#include "relay/connector.h"

#include <utility>

#include "telemetry/log.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::SocketAddress;
using io::Task;
using Kind = NextHop::Kind;

namespace {

constexpr PublicStatus no_answer{451, {4, 4, 1}};
constexpr std::chrono::seconds parting_wait{1};  // for the answer to QUIT of one that refused us: the next host waits

smtp::Waits waits_of(const Options& options) noexcept {
  return {options.greeting_timeout, options.command_timeout, options.data_initiation_timeout,
          options.data_block_timeout, options.data_termination_timeout};
}

Error refused(std::string_view remote, std::string_view what, const smtp::Reply& reply) {
  return Error(ErrorKind::refused, std::string(remote) + " answered " + std::string(what) + ": " + reply.one_line(),
               no_answer);
}

Error unusable(std::string_view remote, Error error) {
  error.reason = std::string(remote) + ": " + error.reason;
  error.status = no_answer;
  return error;
}

}  // namespace

Task<Connector::Opened> Connector::open(const Delivery& delivery, Cancel cancel) {
  Opened opened = fail(ErrorKind::invalid, "no next hop", no_answer);
  for (const Hop& hop : delivery.hops) {
    opened = co_await open_hop(hop, cancel);
    if (opened || opened.error().kind == ErrorKind::cancelled) break;
  }
  co_return std::move(opened);
}

Task<Connector::Opened> Connector::open_hop(const Hop& hop, Cancel cancel) {
  const NextHop& next = hop.next_hop;
  if (next.kind == Kind::lmtp_unix) {
    auto address = SocketAddress::unix_path(next.path);
    if (!address) co_return propagate(address);
    co_return co_await open_address("unix:" + next.path, *address, smtp::Dialect::lmtp, cancel);
  }
  const Deadline look_up_until = Deadline::after(options_.connect_timeout);
  if (next.kind != Kind::mx) {
    auto host = co_await resolver_.host(next.host, next.port, look_up_until, cancel);
    if (!host) co_return propagate(host);
    co_return co_await open_host(std::move(*host), next.kind == Kind::lmtp ? smtp::Dialect::lmtp : smtp::Dialect::smtp,
                                 cancel);
  }
  auto hosts = co_await resolver_.mx_hosts(hop.mx_domain, look_up_until, cancel);
  if (!hosts) co_return propagate(hosts);
  Opened opened = fail(ErrorKind::not_found, hop.mx_domain + " has no mail host", no_answer);
  for (MxHost& host : *hosts) {
    opened = co_await open_host(std::move(host), smtp::Dialect::smtp, cancel);
    if (opened || opened.error().kind == ErrorKind::cancelled) break;
  }
  co_return std::move(opened);
}

Task<Connector::Opened> Connector::open_host(MxHost host, smtp::Dialect dialect, Cancel cancel) {
  Opened opened = fail(ErrorKind::not_found, host.name + " has no address", no_answer);
  for (const SocketAddress& address : host.addresses) {
    std::string remote = host.name + "[" + address.host() + "]:" + std::to_string(address.port());
    opened = co_await open_address(std::move(remote), address, dialect, cancel);
    if (opened || opened.error().kind == ErrorKind::cancelled) break;
  }
  co_return std::move(opened);
}

Task<Connector::Opened> Connector::open_address(std::string remote, SocketAddress address, smtp::Dialect dialect,
                                                Cancel cancel) {
  auto stream =
      co_await io::Connection::connect(reactor_, address, {}, Deadline::after(options_.connect_timeout), cancel);
  if (!stream) {
    if (stream.error().kind == ErrorKind::cancelled) co_return propagate(stream);
    co_return std::unexpected(unusable(remote, std::move(stream.error())));
  }
  auto connection = std::make_unique<OutboundConnection>(std::move(*stream), waits_of(options_), remote);
  smtp::Client& client = connection->client;
  auto reply = co_await client.greeting(Deadline::never(), cancel);
  const bool greeted = reply && reply->positive();
  if (greeted) reply = co_await client.hello(options_.hostname, dialect, Deadline::never(), cancel);
  if (!reply || !reply->positive()) {
    const bool cancelled = !reply && reply.error().kind == ErrorKind::cancelled;
    const std::string_view said = dialect == smtp::Dialect::lmtp ? "LHLO" : "EHLO";
    Error error = cancelled ? reply.error()
                  : !reply  ? unusable(remote, reply.error())
                            : refused(remote, greeted ? said : "our connection", *reply);
    co_await client.quit(Deadline::after(parting_wait), cancel);
    co_return std::unexpected(std::move(error));
  }
  telemetry::Event(telemetry::EventKind::connect).field("remote", remote).emit();
  co_return std::move(connection);
}

}  // namespace ringpost::relay
