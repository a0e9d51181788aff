#include "cli/queue_verbs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "base/text.h"

namespace ringpost::cli {

using nlohmann::json;

namespace {

// The parsed body of a 200, or the failure already printed.
std::optional<json> accepted(const Result<admin::Answer>& answer) {
  if (!answer) {
    report_failure(answer.error().reason);
    return std::nullopt;
  }
  json body = json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || body.is_discarded()) {
    const bool explained = body.is_object() && body.contains("error");
    report_failure(explained ? body["error"].get<std::string>() : fmt::format("HTTP status {}", answer->status));
    return std::nullopt;
  }
  return body;
}

std::string text_of(const json& object, const char* key) {
  return object.value(key, std::string("-"));
}

int print_json(const json& body) {
  fmt::print("{}\n", body.dump(2, ' ', false, json::error_handler_t::replace));
  return 0;
}

json selector_json(const QueueArguments& arguments) {
  json selector = json::object();
  if (!arguments.ids.empty()) selector["ids"] = arguments.ids;
  if (arguments.sender) selector["sender"] = *arguments.sender;
  if (arguments.recipient) selector["recipient"] = *arguments.recipient;
  if (arguments.destination) selector["destination"] = *arguments.destination;
  if (arguments.route) selector["route"] = *arguments.route;
  if (arguments.older_than) selector["older_than"] = *arguments.older_than;
  if (arguments.state) selector["state"] = *arguments.state;
  if (arguments.login) selector["login"] = *arguments.login;
  if (arguments.time) selector["for"] = *arguments.time;
  if (arguments.reason) selector["reason"] = *arguments.reason;
  if (arguments.to) selector["to"] = *arguments.to;
  if (!arguments.marks.empty()) selector["marks"] = arguments.marks;
  if (arguments.all) selector["all"] = true;
  return selector;
}

// Asked on the terminal; without one the answer is no.
bool confirmed() {
  if (::isatty(STDIN_FILENO) == 0) return false;
  fmt::print(stderr, "Drop the selected messages for good, without a bounce? [y/N] ");
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "yes";
}

void print_recipient(const json& recipient) {
  fmt::print("  to {:<40} {:<10} attempts {}", text_of(recipient, "address"), text_of(recipient, "state"),
             recipient.value("attempts", 0));
  if (recipient.contains("next"))
    fmt::print("  next {}  via {}{}", text_of(recipient, "next"), text_of(recipient, "destination"),
               recipient.value("rerouted", false) ? " (rerouted)" : "");
  fmt::print("\n");
  if (!recipient.contains("last")) return;
  const json& last = recipient["last"];
  fmt::print("     last: {} {} {} ({})\n", last.value("code", 0), text_of(last, "enhanced"),
             text_of(last, "diagnostic"), text_of(last, "remote"));
}

// What its sender wants of priority and time.
void print_wishes(const json& message) {
  if (message.contains("priority")) fmt::print("  priority {}\n", message.value("priority", 0));
  if (message.contains("held_until")) fmt::print("  held until {} by its sender\n", text_of(message, "held_until"));
  if (message.contains("deliver_by"))
    fmt::print("  to be delivered by {}, else {}\n", text_of(message, "deliver_by"),
               text_of(message, "when_late") == "return" ? "it is given back" : "its sender is told");
}

void print_gate(int number, const json& gate) {
  fmt::print("  {}. {}: {}", number, text_of(gate, "gate"), text_of(gate, "why"));
  if (gate.contains("mark")) fmt::print(", mark {}", gate.value("mark", 0ULL));
  if (gate.contains("since")) fmt::print(", since {}", text_of(gate, "since"));
  if (gate.contains("until")) fmt::print(", until {}", text_of(gate, "until"));
  if (gate.contains("ahead")) fmt::print(", {} messages first", gate.value("ahead", 0ULL));
  fmt::print("\n");
}

void print_mark(const json& mark) {
  fmt::print("{:>6} {:<8} {}", mark.value("mark", 0ULL), text_of(mark, "kind"), text_of(mark, "created"));
  bool everything = true;
  for (const char* key : {"sender", "recipient", "destination", "route", "login", "received_before"}) {
    if (!mark.contains(key)) continue;
    fmt::print("  {}={}", key, text_of(mark, key));
    everything = false;
  }
  if (mark.contains("ids")) {
    fmt::print("  {} messages", mark["ids"].size());
  } else if (everything) {
    fmt::print("  everything");
  }
  for (const char* key : {"to", "until", "by", "reason"})
    if (mark.contains(key)) fmt::print("  {} {}", key, text_of(mark, key));
  fmt::print("\n");
}

bool is_marking(const std::string& verb) {
  return verb == "suspend" || verb == "hold" || verb == "drop" || verb == "reroute" || verb == "retry";
}

}  // namespace

int report_failure(const std::string& reason) {
  fmt::print(stderr, "ringpost: {}\n", reason);
  return 1;
}

int queue_summary(const admin::Options& server, bool as_json) {
  const auto body = accepted(admin::get(server, "/api/v1/queue/summary"));
  if (!body) return 1;
  if (as_json) return print_json(*body);
  fmt::print("{:>10} {:>10}  {:<25} {}\n", "messages", "deferred", "next", "destination");
  for (const json& row : (*body)["destinations"]) {
    fmt::print("{:>10} {:>10}  {:<25} {}{}\n", row.value("messages", 0ULL), row.value("deferred", 0ULL),
               text_of(row, "next"), text_of(row, "destination"),
               row.contains("postponed") ? " (" + text_of(row, "postponed") + ")" : "");
  }
  fmt::print("{:>10} {:>10}  total\n", body->value("messages", 0ULL), body->value("deferred", 0ULL));
  return 0;
}

int queue_list(const admin::Options& server, const QueueArguments& arguments) {
  std::string path = "/api/v1/queue/messages?limit=10000";
  const json selector = selector_json(arguments);
  for (const auto& [key, value] : selector.items()) {
    if (value.is_string()) path += "&" + key + "=" + admin::url_encoded(value.get<std::string>());
  }
  const auto body = accepted(admin::get(server, path));
  if (!body) return 1;
  if (arguments.json) return print_json(*body);
  for (const json& message : (*body)["messages"]) {
    fmt::print("{} {} {:>10} from <{}>\n", text_of(message, "id"), text_of(message, "received"),
               message.value("size", 0ULL), text_of(message, "from"));
    print_wishes(message);
    for (const json& recipient : message["recipients"]) print_recipient(recipient);
  }
  if (body->value("more", false)) fmt::print("... and more; narrow the selection\n");
  return 0;
}

int queue_show(const admin::Options& server, const std::string& id, bool as_json) {
  const auto body = accepted(admin::get(server, "/api/v1/queue/messages/" + admin::url_encoded(id)));
  if (!body) return 1;
  if (as_json) return print_json(*body);
  const json& origin = (*body)["origin"];
  fmt::print("id       {}\nfrom     <{}>\nreceived {}\nsize     {}\nclient   {} [{}] {}\n", text_of(*body, "id"),
             text_of(*body, "from"), text_of(*body, "received"), body->value("size", 0ULL), text_of(origin, "helo"),
             text_of(origin, "address"), text_of(origin, "protocol"));
  print_wishes(*body);
  for (const json& recipient : (*body)["recipients"]) print_recipient(recipient);
  return 0;
}

int queue_body(const admin::Options& server, const std::string& id) {
  auto answer = admin::get_streaming(
      server, "/api/v1/queue/messages/" + admin::url_encoded(id) + "/body",
      [](std::string_view piece) { return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size(); });
  if (!answer) return report_failure(answer.error().reason);
  if (answer->status == 200) return 0;
  static_cast<void>(accepted(answer));
  return 1;
}

int queue_explain(const admin::Options& server, const std::string& id, bool as_json) {
  const auto body = accepted(admin::get(server, "/api/v1/queue/messages/" + admin::url_encoded(id) + "/explain"));
  if (!body) return 1;
  if (as_json) return print_json(*body);
  for (const json& recipient : (*body)["recipients"]) {
    fmt::print("{} ({}, attempts {}) to {}\n", text_of(recipient, "address"), text_of(recipient, "state"),
               recipient.value("attempts", 0), text_of(recipient, "destination"));
    int number = 0;
    for (const json& gate : recipient["gates"]) print_gate(++number, gate);
    if (!recipient["gates"].empty())
      fmt::print("  next attempt: {}\n", recipient.value("next", std::string("not before an operator lifts the mark")));
  }
  return 0;
}

int queue_suspensions(const admin::Options& server, bool as_json) {
  const auto body = accepted(admin::get(server, "/api/v1/queue/suspensions"));
  if (!body) return 1;
  if (as_json) return print_json(*body);
  for (const json& mark : (*body)["marks"]) print_mark(mark);
  return 0;
}

int queue_change(const admin::Options& server, const std::string& verb, const QueueArguments& arguments) {
  if (verb == "drop" && !arguments.yes && !confirmed())
    return report_failure("nothing dropped (give --yes where nobody can be asked)");
  json request = selector_json(arguments);
  const char* user = std::getenv("SUDO_USER") != nullptr ? std::getenv("SUDO_USER") : std::getenv("USER");
  if (user != nullptr && is_marking(verb)) request["by"] = user;
  const std::string text = request.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto body = accepted(admin::post(server, "/api/v1/queue/" + verb, text));
  if (!body) return 1;
  if (arguments.json) return print_json(*body);
  if (body->contains("marks")) {
    for (const json& mark : (*body)["marks"]) print_mark(mark);
    return 0;
  }
  fmt::print("{} messages\n", body->value("messages", 0ULL));
  return 0;
}

}  // namespace ringpost::cli
