#include "admin/server.h"

#include <httplib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "admin/queue_json.h"
#include "base/text.h"
#include "base/units.h"
#include "telemetry/metrics.h"

namespace ringpost::admin {

using nlohmann::json;

namespace {

constexpr std::size_t request_octets_max = 1 << 20;
constexpr std::size_t list_messages_max = 10'000;
constexpr std::size_t list_messages_default = 1000;
constexpr std::size_t destinations_max = 1000;
constexpr Duration drain_patience = std::chrono::minutes(5);

void send_json(httplib::Response& response, const json& body, int status = 200) {
  response.status = status;
  // Addresses may hold octets that are not UTF-8: replaced, never an exception.
  response.set_content(body.dump(2, ' ', false, json::error_handler_t::replace) + "\n", "application/json");
}

void send_error(httplib::Response& response, const Error& error) {
  const int status = error.kind == ErrorKind::not_found ? 404 : error.kind == ErrorKind::invalid ? 400 : 503;
  send_json(response, {{"error", error.reason}}, status);
}

void send_count(httplib::Response& response, const Result<std::uint64_t>& messages) {
  if (!messages) return send_error(response, messages.error());
  send_json(response, {{"messages", *messages}});
}

// The same answer time whatever the first difference is.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

Result<queue::Selector> selector_of_query(const httplib::Request& request) {
  json body = json::object();
  body["all"] = true;
  for (const auto& [key, value] : request.params) {
    if (key == "limit") continue;
    body[key] = value;
  }
  return selector_from_json(body);
}

}  // namespace

struct Server::Impl {
  httplib::Server http;
  Hooks hooks;
  std::string token;
  std::string address;
  std::thread thread;

  void add_health();
  void add_queue_reading();
  void add_marks();
  Result<void> lead(queue::Mark& mark) const;
  Result<void> find_route(queue::Selector& selector) const;
  void add_process();
  void add_tls_reports();
  bool permitted(const httplib::Request& request) const {
    if (token.empty() || request.path.starts_with("/health/")) return true;
    const std::string given = request.get_header_value("Authorization");
    return given.starts_with("Bearer ") && same_secret(std::string_view(given).substr(7), token);
  }
};

void Server::Impl::add_health() {
  http.Get("/metrics", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(telemetry::render_metrics(), "text/plain; version=0.0.4; charset=utf-8");
  });
  http.Get("/health/live",
           [](const httplib::Request&, httplib::Response& response) { send_json(response, {{"status", "live"}}); });
  http.Get("/health/ready", [this](const httplib::Request&, httplib::Response& response) {
    const std::string reason = hooks.not_ready_reason();
    if (reason.empty()) {
      send_json(response, {{"status", "ready"}});
    } else {
      send_json(response, {{"status", "not ready"}, {"reason", reason}}, 503);
    }
  });
}

void Server::Impl::add_queue_reading() {
  http.Get("/api/v1/queue/summary", [this](const httplib::Request&, httplib::Response& response) {
    auto summary = hooks.inspector->summary(destinations_max);
    if (!summary) return send_error(response, summary.error());
    json destinations = json::array();
    std::uint64_t messages = 0, deferred = 0;
    for (const auto& destination : *summary) {
      messages += destination.messages;
      deferred += destination.deferred;
      destinations.push_back(to_json(destination));
    }
    send_json(response, {{"messages", messages}, {"deferred", deferred}, {"destinations", std::move(destinations)}});
  });
  http.Get("/api/v1/queue/messages", [this](const httplib::Request& request, httplib::Response& response) {
    auto selector = selector_of_query(request);
    if (!selector) return send_error(response, selector.error());
    if (auto known = find_route(*selector); !known) return send_error(response, known.error());
    const auto limit = parse_unsigned(request.get_param_value("limit")).value_or(list_messages_default);
    json messages = json::array();
    bool more = false;
    auto listed = hooks.inspector->list(*selector, [&](const queue::MessageRecord& record) {
      more = messages.size() >= std::min<std::uint64_t>(limit, list_messages_max);
      if (!more) messages.push_back(to_json(record));
      return !more;
    });
    if (!listed) return send_error(response, listed.error());
    send_json(response, {{"messages", std::move(messages)}, {"more", more}});
  });
  http.Get(R"(/api/v1/queue/messages/(\w+))", [this](const httplib::Request& request, httplib::Response& response) {
    const auto id = MessageId::parse(request.matches[1].str());
    if (!id) return send_json(response, {{"error", "not a message id"}}, 400);
    auto record = hooks.inspector->show(*id);
    if (!record) return send_error(response, record.error());
    json shown = to_json(*record);
    shown["prefix"] = record->message.prefix;
    send_json(response, shown);
  });
  http.Get(
      R"(/api/v1/queue/messages/(\w+)/body)", [this](const httplib::Request& request, httplib::Response& response) {
        const auto id = MessageId::parse(request.matches[1].str());
        if (!id) return send_json(response, {{"error", "not a message id"}}, 400);
        auto known = hooks.inspector->show(*id);
        if (!known) return send_error(response, known.error());
        // Chunked: the body goes through in pieces, whatever its size.
        response.set_chunked_content_provider("message/rfc822", [this, id = *id](std::size_t, httplib::DataSink& sink) {
          auto read = hooks.inspector->body(
              id, [&sink](std::string_view piece) { return sink.write(piece.data(), piece.size()); });
          if (read) sink.done();
          return read.has_value();
        });
      });
}

// `to` are next hops as the operator wrote them, and becomes destinations.
Result<void> Server::Impl::lead(queue::Mark& mark) const {
  const std::string next_hops = std::move(mark.to);
  for (const auto& [to, wish] : {std::pair{&mark.to, mail::TlsWish::as_configured},
                                 {&mark.to_required, mail::TlsWish::required},
                                 {&mark.to_optional, mail::TlsWish::optional}}) {
    auto destination = hooks.destination_of(next_hops, wish);
    if (!destination) return propagate(destination);
    *to = std::move(*destination);
  }
  return {};
}

Result<void> Server::Impl::find_route(queue::Selector& selector) const {
  if (!selector.route) return {};
  auto scope = hooks.domains_of_route(selector.route->pattern);
  if (!scope) return propagate(scope);
  selector.route = std::move(*scope);
  return {};
}

void Server::Impl::add_marks() {
  using queue::MarkKind;
  const auto send_marks = [](httplib::Response& response, const std::vector<queue::Mark>& marks) {
    json all = json::array();
    for (const queue::Mark& mark : marks) all.push_back(to_json(mark));
    send_json(response, {{"marks", std::move(all)}});
  };
  http.Get("/api/v1/queue/suspensions", [this, send_marks](const httplib::Request&, httplib::Response& response) {
    send_marks(response, hooks.inspector->marks());
  });
  http.Get(R"(/api/v1/queue/messages/(\w+)/explain)",
           [this](const httplib::Request& request, httplib::Response& response) {
             const auto id = MessageId::parse(request.matches[1].str());
             if (!id) return send_json(response, {{"error", "not a message id"}}, 400);
             auto explained = hooks.inspector->explain(*id);
             if (!explained) return send_error(response, explained.error());
             json recipients = json::array();
             for (const queue::Explanation& each : *explained) recipients.push_back(to_json(each));
             send_json(response, {{"id", id->text()}, {"recipients", std::move(recipients)}});
           });
  for (const auto& [verb, kind] : {std::pair{"suspend", MarkKind::suspend},
                                   {"hold", MarkKind::hold},
                                   {"drop", MarkKind::drop},
                                   {"retry", MarkKind::retry},
                                   {"reroute", MarkKind::reroute}}) {
    http.Post(std::string("/api/v1/queue/") + verb,
              [this, send_marks, kind](const httplib::Request& request, httplib::Response& response) {
                auto mark = mark_from_json(kind, json::parse(request.body, nullptr, false));
                if (!mark) return send_error(response, mark.error());
                if (auto known = find_route(mark->selector); !known) return send_error(response, known.error());
                if (kind == MarkKind::reroute) {
                  auto led = lead(*mark);
                  if (!led) return send_error(response, led.error());
                }
                // A few by name, or by what a mark cannot say: one by one, done when we answer, and counted.
                const bool one_by_one = !mark->selector.ids.empty() || mark->selector.state;
                if (kind == MarkKind::drop && one_by_one)
                  return send_count(response, hooks.inspector->drop(mark->selector));
                if (kind == MarkKind::retry && one_by_one)
                  return send_count(response, hooks.inspector->retry(mark->selector));
                auto made = hooks.inspector->mark(std::move(*mark));
                if (!made) return send_error(response, made.error());
                send_marks(response, {*made});
              });
  }
  for (const auto& [verb, kind] : {std::pair{"resume", MarkKind::suspend}, {"release", MarkKind::hold}}) {
    http.Post(std::string("/api/v1/queue/") + verb,
              [this, send_marks, kind](const httplib::Request& request, httplib::Response& response) {
                auto lifting = lifting_from_json(json::parse(request.body, nullptr, false));
                if (!lifting) return send_error(response, lifting.error());
                auto lifted = hooks.inspector->lift(kind, lifting->selector, lifting->marks);
                if (!lifted) return send_error(response, lifted.error());
                send_marks(response, *lifted);
              });
  }
}

void Server::Impl::add_process() {
  http.Post("/api/v1/reload", [this](const httplib::Request&, httplib::Response& response) {
    const ReloadReport report = hooks.reload();
    if (report.problems.empty()) return send_json(response, {{"changes", report.changes}});
    send_json(response, {{"error", "the old configuration stays in force"}, {"problems", report.problems}}, 409);
  });
  http.Post("/api/v1/drain", [this](const httplib::Request& request, httplib::Response& response) {
    const json body = json::parse(request.body, nullptr, false);
    Duration patience = drain_patience;
    if (body.is_object() && body.contains("for")) {
      const auto given = body["for"].is_string() ? parse_duration(body["for"].get<std::string>()) : std::nullopt;
      if (!given) return send_json(response, {{"error", "for: expected a duration like \"5m\""}}, 400);
      patience = *given;
    } else if (!request.body.empty() && !body.is_object()) {
      return send_json(response, {{"error", "expected a JSON object"}}, 400);
    }
    bool hand_off = false;
    if (body.is_object() && body.contains("handoff")) {
      if (!body["handoff"].is_boolean()) return send_json(response, {{"error", "handoff: expected a boolean"}}, 400);
      hand_off = body["handoff"].get<bool>();
    }
    hooks.drain(patience, hand_off);
    send_json(response, {{"status", "draining"}}, 202);
  });
}

void Server::Impl::add_tls_reports() {
  http.Get("/api/v1/tls-report", [this](const httplib::Request& request, httplib::Response& response) {
    auto shown = hooks.tls_reports->show(request.get_param_value("day"), request.get_param_value("domain"));
    if (!shown) return send_error(response, shown.error());
    response.set_content(*shown, "application/json");
  });
  http.Post("/api/v1/tls-report/send", [this](const httplib::Request& request, httplib::Response& response) {
    const json body = json::parse(request.body, nullptr, false);
    const auto text = [&body](const char* key) {
      return body.is_object() && body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : "";
    };
    const auto ordered = hooks.tls_reports->order(text("day"), to_lower(text("domain")));
    if (!ordered) return send_error(response, ordered.error());
    send_json(response, {{"status", "sending"}}, 202);
  });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(const Options& options, Hooks hooks) {
  auto impl = std::make_unique<Impl>();
  impl->hooks = std::move(hooks);
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    std::getline(file, impl->token);
    impl->token = std::string(trim(impl->token));
    if (impl->token.empty()) return fail(ErrorKind::not_found, "no token in " + options.token_file);
  }
  const auto colon = options.address.rfind(':');
  const auto port =
      parse_unsigned(std::string_view(options.address).substr(colon == std::string::npos ? 0 : colon + 1));
  if (colon == std::string::npos || !port || *port > 65'535) {
    return fail(ErrorKind::invalid, "not an address with a port: " + options.address);
  }
  std::string host = options.address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  httplib::Server& http = impl->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(4); };
  http.set_payload_max_length(request_octets_max);
  http.set_read_timeout(10);
  http.set_write_timeout(10);
  http.set_tcp_nodelay(true);
  http.set_pre_routing_handler([raw = impl.get()](const httplib::Request& request, httplib::Response& response) {
    if (raw->permitted(request)) return httplib::Server::HandlerResponse::Unhandled;
    response.set_header("WWW-Authenticate", "Bearer");
    send_json(response, {{"error", "a bearer token is needed (admin.token_file)"}}, 401);
    return httplib::Server::HandlerResponse::Handled;
  });
  http.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
    send_json(response, {{"error", "internal error"}}, 500);
  });
  impl->add_health();
  impl->add_queue_reading();
  impl->add_marks();
  impl->add_process();
  if (impl->hooks.tls_reports != nullptr) impl->add_tls_reports();
  const int bound = *port == 0 ? http.bind_to_any_port(host)
                               : (http.bind_to_port(host, static_cast<int>(*port)) ? static_cast<int>(*port) : -1);
  if (bound < 0) return fail(ErrorKind::io, "cannot bind the admin address " + options.address);
  impl->address = options.address.substr(0, colon + 1) + std::to_string(bound);
  impl->thread = std::thread([raw = impl.get()] { raw->http.listen_after_bind(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  // stop() before the loop runs would be lost, and the join below would wait for ever.
  while (!impl_->http.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  impl_->http.stop();
  impl_->thread.join();
}

const std::string& Server::address() const noexcept {
  return impl_->address;
}

}  // namespace ringpost::admin
