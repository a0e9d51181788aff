#include "cli/process_verbs.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "admin/client.h"
#include "cli/queue_verbs.h"

namespace ringpost::cli {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds poll_interval{200};

int report_refusal(const admin::Answer& answer, const json& body) {
  if (!body.is_object() || !body.contains("error")) return report_failure(fmt::format("HTTP status {}", answer.status));
  for (const json& problem : body.value("problems", json::array()))
    fmt::print(stderr, "{}\n", problem.get<std::string>());
  return report_failure(body["error"].get<std::string>());
}

}  // namespace

int reload(const admin::Options& server) {
  const auto answer = admin::post(server, "/api/v1/reload", "{}");
  if (!answer) return report_failure(answer.error().reason);
  const json body = json::parse(answer->body, nullptr, false);
  if (answer->status != 200) return report_refusal(*answer, body);
  const json changes = body.value("changes", json::array());
  for (const json& change : changes) fmt::print("{}\n", change.get<std::string>());
  fmt::print("in force: {} {}\n", changes.size(), changes.size() == 1 ? "change" : "changes");
  return 0;
}

int drain(const admin::Options& server, const DrainArguments& arguments) {
  json wanted = json::object();
  if (arguments.patience) wanted["for"] = *arguments.patience;
  if (arguments.handoff) wanted["handoff"] = true;
  const auto answer = admin::post(server, "/api/v1/drain", wanted.dump());
  if (!answer) return report_failure(answer.error().reason);
  if (answer->status != 202) return report_refusal(*answer, json::parse(answer->body, nullptr, false));
  fmt::print("draining\n");
  std::fflush(stdout);
  if (arguments.no_wait) return 0;
  while (admin::get(server, "/health/live")) std::this_thread::sleep_for(poll_interval);
  fmt::print("ended\n");
  return 0;
}

}  // namespace ringpost::cli
